import type { FastifyInstance } from 'fastify'
import { Problem } from '../kernel/problem.ts'
import { standardMethods } from './routing.ts'

/** The methods of every path that was declared, filled while routes are. */
export const recordRoutes = (app: FastifyInstance): ReadonlyMap<string, Set<string>> => {
  const methodsOf = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    methodsOf.set(url, methods)
  })
  return methodsOf
}

/** What a path that exists says to a method that it does not take. */
export const notAllowed = (allow: string): Problem =>
  new Problem('INVALID_ARGUMENT', `This address answers ${allow}.`, { status: 405, headers: { allow } })

/**
 * A path that exists answers other methods with 405 and OPTIONS with what it allows (RFC 9110 §15.5.6, §9.3.7).
 * Gives what each allows back.
 */
export const refuseOtherMethods = (
  scope: FastifyInstance,
  seen: ReadonlyMap<string, Set<string>>,
): ReadonlyMap<string, string> => {
  const allowed = new Map<string, string>()
  for (const [url, methods] of [...seen].map(([path, known]) => [path, new Set(known)] as const)) {
    const allow = standardMethods.filter((method) => methods.has(method) || method === 'OPTIONS').join(', ')
    allowed.set(url, allow)
    if (!methods.has('OPTIONS'))
      scope.route({
        method: 'OPTIONS',
        url,
        handler: (_request, reply) => reply.code(204).header('allow', allow).send(),
      })
    const others = standardMethods.filter(
      (method) => !methods.has(method) && method !== 'OPTIONS' && !(method === 'HEAD' && methods.has('GET')),
    )
    if (others.length === 0) continue
    scope.route({
      method: others,
      url,
      // Before the body, whose media type is beside the point.
      onRequest: (_request, _reply, done) => {
        done(notAllowed(allow))
      },
      handler: (_request, reply) => reply.callNotFound(),
    })
  }
  return allowed
}
