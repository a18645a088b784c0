import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { Problem } from '../../kernel/problem.ts'
import { definePolicy, type PolicyTools } from '../policy.ts'
import { rateLimitConfig } from './config.ts'
import type { Charge } from './counter.ts'
import type { Asked } from './key.ts'
import { type Bound, bindLimits, chooser, type Group, takerOf, type Verdict } from './limiter.ts'
import type { PlaceLimits, Units } from './place.ts'
import { tellLimits, tooMany } from './refusal.ts'

/**
 * Limits requests, several ways at once. Stands after auth, so that it knows the user; but who is past a limit by
 * address is refused before anybody looks at a token, and a token that is refused counts by address all the same: a
 * guesser is told 429, not whether the guess was right.
 */
export const rateLimit = definePolicy<typeof rateLimitConfig, PlaceLimits>({
  name: 'rateLimit',
  config: rateLimitConfig,
  hooks({ limits, plans, units }, { tools, scope }) {
    const atOnce = (bounds: readonly Bound[]): readonly Bound[] =>
      bounds.filter(({ limit }) => units[limit.counts] !== undefined)
    const bind = (some: PlaceLimits['limits']): readonly Bound[] => atOnce(bindLimits(some, scope.name, tools))
    const groups = chooser(bind(limits), plans, bind)
    if (groups.common.bounds.length === 0 && plans === undefined) return {}
    const { take, wait } = takerOf(tools)
    const settle = settler(scope.name, tools)
    const charge = (group: Group, request: FastifyRequest, reply: FastifyReply, done: Done): void => {
      const leave = (found: Verdict): void => done(settle(group, { asked: request, reply }, found))
      const verdict = take(charges(group.bounds, request, units))
      if (verdict instanceof Promise) verdict.then(leave, done)
      else leave(verdict)
    }
    const { common } = groups
    const nameless: Group = { ...common, bounds: common.nameless }
    const guard = (hook: onRequestHookHandler): onRequestHookHandler =>
      function (request, reply, done) {
        for (const bound of nameless.bounds) {
          const waitMs = wait({ counter: bound.counter, key: bound.keyOf(request) })
          if (waitMs > 0) return done(refuse(bound, waitMs, { tools, scope: scope.name, asked: request }))
        }
        const ended = (error?: Error): void => {
          if (error === undefined || !(error instanceof Problem) || error.status !== 401) return done(error)
          charge(nameless, request, reply, (refused) => done(refused ?? error))
        }
        const running: unknown = attempt(() => hook.call(this, request, reply, ended), ended)
        if (running instanceof Promise) running.then(() => ended(), ended)
      }
    return {
      onRequest: [(request, reply, done) => charge(groups.of(request), request, reply, done)],
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

/** What each limit is charged for something that counts so much. */
export const charges = (bounds: readonly Bound[], asked: Asked, units: Units): readonly Charge[] => {
  const list: Charge[] = []
  for (const { counter, keyOf, limit } of bounds)
    list.push({ counter, key: keyOf(asked), units: units[limit.counts] ?? 0 })
  return list
}

/** Tells the client, and whoever counts refusals, what came of a charge; gives the refusal where there is one. */
export const settler =
  (scope: string, tools: Pick<PolicyTools, 'audit'>) =>
  (
    group: Pick<Group, 'bounds' | 'policies'>,
    { asked, reply }: { readonly asked: Asked; readonly reply: FastifyReply | undefined },
    verdict: Verdict,
  ): Problem | undefined => {
    if (reply !== undefined && !reply.sent) tellLimits(reply, group, verdict)
    if (verdict.refused < 0) return undefined
    return refuse(group.bounds[verdict.refused] as Bound, verdict.waitMs, { tools, scope, asked })
  }

const refuse = (
  { limit }: Bound,
  waitMs: number,
  {
    tools,
    scope,
    asked,
  }: { readonly tools: Pick<PolicyTools, 'audit'>; readonly scope: string; readonly asked: Asked },
): Problem => {
  const { address, requestId, identity } = asked.caller
  tools.audit.limited({ scope, limit: limit.name, address, requestId, subject: identity?.subject })
  return tooMany(limit, waitMs)
}
