import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { Problem } from '../../kernel/problem.ts'
import { definePolicy } from '../policy.ts'
import { rateLimitConfig } from './config.ts'
import type { Group } from './limiter.ts'
import type { PlaceLimits } from './place.ts'
import { limitPlace } from './place-limiter.ts'

/**
 * Limits requests, several ways at once. Stands after auth, so that it knows the user; but who is past a limit by
 * address is refused before anybody looks at a token, and a token that is refused counts by address all the same: a
 * guesser is told 429, not whether the guess was right.
 */
export const rateLimit = definePolicy<typeof rateLimitConfig, PlaceLimits>({
  name: 'rateLimit',
  config: rateLimitConfig,
  hooks(place, { tools, scope }) {
    const limiter = limitPlace(place, scope.name, tools)
    if (limiter === undefined) return {}
    const charge = (group: Group, request: FastifyRequest, reply: FastifyReply, done: Done): void => {
      const leave = (refused: Problem | undefined): void => done(refused)
      const charged = limiter.charge(group, { asked: request, reply })
      if (charged instanceof Promise) charged.then(leave, done)
      else leave(charged)
    }
    const { common } = limiter
    const nameless: Group = { ...common, bounds: common.nameless }
    const guard = (hook: onRequestHookHandler): onRequestHookHandler =>
      function (request, reply, done) {
        const known = limiter.known(nameless, { asked: request, reply })
        if (known !== undefined) return done(known)
        const ended = (error?: Error): void => {
          if (error === undefined || !(error instanceof Problem) || error.status !== 401) return done(error)
          charge(nameless, request, reply, (refused) => done(refused ?? error))
        }
        const running: unknown = attempt(() => hook.call(this, request, reply, ended), ended)
        if (running instanceof Promise) running.then(() => ended(), ended)
      }
    return {
      onRequest: [(request, reply, done) => charge(limiter.of(request), request, reply, done)],
      ...(nameless.bounds.length > 0 && { around: guard }),
    }
  },
})

type Done = (error?: Error) => void

const attempt = (run: () => unknown, failed: (error: Error) => void): unknown => {
  try {
    return run()
  } catch (error) {
    return failed(error as Error)
  }
}
