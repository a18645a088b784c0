import type { FastifyReply } from 'fastify'
import type { Problem } from '../../kernel/problem.ts'
import type { PolicyTools } from '../policy.ts'
import type { Charge } from './counter.ts'
import type { Asked } from './key.ts'
import type { Bound, Group, Verdict } from './limiter.ts'
import type { Units } from './place.ts'
import { tellLimits, tooMany } from './refusal.ts'

/** What each limit is charged for something that counts so much. */
export const charges = (bounds: readonly Bound[], asked: Asked, units: Units): readonly Charge[] => {
  const list: Charge[] = []
  for (const { counter, keyOf, limit, units: own } of bounds)
    list.push({ counter, key: keyOf(asked), units: own ?? units[limit.counts] ?? 0 })
  return list
}

/** Tells the client, and whoever counts refusals, what came of a charge; gives the refusal where there is one. */
export const settler =
  (scope: string, { audit }: Pick<PolicyTools, 'audit'>) =>
  (
    group: Pick<Group, 'bounds' | 'policies'>,
    { asked, reply }: { readonly asked: Asked; readonly reply: FastifyReply | undefined },
    verdict: Verdict,
  ): Problem | undefined => {
    if (reply !== undefined && !reply.sent) tellLimits(reply, group, verdict)
    if (verdict.refused < 0) return undefined
    const { limit } = group.bounds[verdict.refused] as Bound
    const { address, requestId, identity } = asked.caller
    audit.limited({ scope, limit: limit.name, address, requestId, subject: identity?.subject })
    return tooMany(limit, verdict.waitMs)
  }
