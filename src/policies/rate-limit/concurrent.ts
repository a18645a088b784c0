import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { count } from '../../config/scalars.ts'
import { whenClosed } from '../../kernel/ending.ts'
import { Problem } from '../../kernel/problem.ts'
import { isUpgrade } from '../../kernel/upgrade.ts'
import { definePolicy } from '../policy.ts'
import { type Asked, addressKey, keyBy } from './key.ts'

/** `limits.concurrentRequests`: how many requests are answered at the same time. */
export const concurrencyConfig = z.strictObject({
  user: count.optional().describe('Of one user, over the whole gateway; 429 past it.'),
  ip: count.optional().describe('Of one client address, over the whole gateway; 429 past it.'),
  route: count.optional().describe('Of each route and BFF; 503 past it.'),
})

type Kind = keyof z.output<typeof concurrencyConfig>

/** Requests and WebSockets under way, by whom they are of. As many entries as there are open requests at most. */
type UnderWay = Map<string, number>

/**
 * Bounds what is under way at the same time, in this process. An upgraded connection is under way as long as it is open.
 * What is refused was never begun, so that it may be sent again.
 */
export const concurrency = definePolicy({
  name: 'concurrency',
  config: concurrencyConfig,
  hooks(settings, { tools, scope }) {
    const underWay = tools.stores.keep('portico:concurrent', (): UnderWay => new Map())
    const user = keyBy(['user'])
    const keyOf: { readonly [kind in Kind]: (asked: Asked) => string } = {
      user: (asked) => `user ${user(asked)}`,
      ip: ({ caller }) => `ip ${addressKey(caller.address)}`,
      route: () => `route ${scope.name}`,
    }
    const bounds = (['route', 'ip', 'user'] as const).flatMap((kind) => {
      const most = settings[kind]
      return most === undefined ? [] : [{ kind, most, keyOf: keyOf[kind] }]
    })
    return {
      onRequest: [
        (request, reply, done) => {
          const taken: string[] = []
          for (const { kind, most, keyOf: key } of bounds) {
            // Who is not known by a token is bounded by address alone.
            if (kind === 'user' && request.caller.identity?.subject === undefined) continue
            const name = key(request)
            if ((underWay.get(name) ?? 0) >= most) {
              const { address, requestId, identity } = request.caller
              tools.audit.limited({
                scope: scope.name,
                limit: `concurrent-${kind}`,
                address,
                requestId,
                subject: identity?.subject,
              })
              return done(tooManyAtOnce(kind))
            }
            taken.push(name)
          }
          for (const name of taken) underWay.set(name, (underWay.get(name) ?? 0) + 1)
          whenClosed(carrierOf(request, reply), () => {
            for (const name of taken) leave(underWay, name)
          })
          done()
        },
      ],
    }
  },
})

/** What closes when a request is over. */
const carrierOf = (request: FastifyRequest, reply: FastifyReply) =>
  isUpgrade(request) ? request.raw.socket : reply.raw

const leave = (underWay: UnderWay, name: string): void => {
  const left = (underWay.get(name) ?? 1) - 1
  if (left === 0) underWay.delete(name)
  else underWay.set(name, left)
}

const tooManyAtOnce = (kind: Kind): Problem =>
  kind === 'route'
    ? new Problem('UNAVAILABLE', 'Too many requests are under way here. Try again.', {
        refused: true,
        reason: 'OVERLOADED',
        headers: { 'retry-after': '1' },
      })
    : new Problem(
        'RESOURCE_EXHAUSTED',
        'Too many requests of this caller are under way. Try again when one has ended.',
        {
          headers: { 'retry-after': '1' },
        },
      )
