import fastifyCors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { definePolicy } from '../policy.ts'
import { corsConfig } from './config.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What @fastify/cors does on this route; without it, nothing. */
    cors?: FastifyCorsOptions
  }
}

/**
 * Lets pages of other origins call (Fetch standard, CORS protocol). @fastify/cors stands before every route and does
 * nothing but where a route's `config.cors` says so; being a hook of the app, it answers preflights before auth.
 * On a route that has it, every OPTIONS request is answered here, none reaches a service.
 */
export const cors = definePolicy({
  name: 'cors',
  config: corsConfig,
  async setup(app) {
    answerPreflights(app)
    await new Promise<void>((resolve, reject) =>
      fastifyCors(withoutRoutes(app), { origin: false }, (error) => (error === undefined ? resolve() : reject(error))),
    )
  },
  hooks({ origins, headers, expose, credentials, maxAge }) {
    return {
      config: {
        cors: {
          origin: origins.includes('*') ? '*' : origins,
          allowedHeaders: headers,
          ...(expose.length > 0 && { exposedHeaders: expose }),
          credentials,
          maxAge: Math.floor(maxAge / 1_000),
          strictPreflight: false,
        },
      },
    }
  },
})

/** The app, but for OPTIONS routes: @fastify/cors declares one for every path, and a proxy of `/*` could have none. */
const withoutRoutes = (app: FastifyInstance): FastifyInstance => {
  const view: FastifyInstance = Object.create(app, { options: { value: () => view } })
  return view
}

/** Gives every path that has a route with CORS an OPTIONS route, which allows the methods of all its routes. */
const answerPreflights = (app: FastifyInstance): void => {
  const methodsOf = new Map<string, string[]>()
  app.addHook('onRoute', (route: RouteOptions) => {
    const settings = route.config?.cors
    if (settings === undefined) return
    const methods = [route.method].flat()
    const known = methodsOf.get(route.url)
    const all = known ?? []
    all.push(...methods.filter((method) => method !== 'OPTIONS' && !all.includes(method)))
    methodsOf.set(route.url, all)
    const withMethods = { ...route.config, cors: { ...settings, methods: all } }
    if (methods.includes('OPTIONS')) route.config = withMethods
    else if (known === undefined) {
      app.options(route.url, { config: withMethods }, (_request, reply) => reply.callNotFound())
    }
  })
}
