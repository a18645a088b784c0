import type { FastifyReply } from 'fastify'
import type { Problem } from '../../kernel/problem.ts'
import type { PolicyTools } from '../policy.ts'
import { charges, settler } from './charges.ts'
import type { Asked } from './key.ts'
import { type Bound, bindLimits, chooser, type Group, takerOf } from './limiter.ts'
import type { PlaceLimits } from './place.ts'

/** What limits all that is asked of one place, request by request. */
export type PlaceLimiter = {
  /** The limits that hold for every caller. */
  readonly common: Group
  /** Those of one caller, his plan's included. */
  readonly of: (asked: Asked) => Group
  /** Charges one request; gives the refusal where there is one. */
  readonly charge: (group: Group, told: Told) => Problem | undefined | Promise<Problem | undefined>
  /** The refusal of a caller who is known to be past one of a group's limits. Counts and asks nothing. */
  readonly known: (group: Group, told: Told) => Problem | undefined
}

/** Who asks, and the reply that tells what is left; undefined for what has no head of its own. */
type Told = { readonly asked: Asked; readonly reply: FastifyReply | undefined }

/** Limits by what is known of a request before it is read; undefined where there are none. */
export const limitPlace = (
  { limits, plans, units, also = [] }: PlaceLimits,
  scope: string,
  tools: PolicyTools,
): PlaceLimiter | undefined => {
  const bind = (some: PlaceLimits['limits']): readonly Bound[] =>
    bindLimits(
      some.filter(({ counts }) => units[counts] !== undefined),
      scope,
      tools,
    )
  const further = also.flatMap(({ limit, place, units: own }) =>
    bindLimits([limit], place, tools).map((bound) => ({ ...bound, units: own })),
  )
  const groups = chooser([...bind(limits), ...further], plans, bind)
  if (groups.common.bounds.length === 0 && plans === undefined) return undefined
  const { take, wait } = takerOf(tools)
  const settle = settler(scope, tools)
  return {
    common: groups.common,
    of: (asked) => groups.of(asked),
    charge(group, told) {
      if (group.bounds.length === 0) return undefined
      const verdict = take(charges(group.bounds, told.asked, units))
      return verdict instanceof Promise
        ? verdict.then((found) => settle(group, told, found))
        : settle(group, told, verdict)
    },
    known(group, told) {
      for (let index = 0; index < group.bounds.length; index += 1) {
        const { counter, keyOf } = group.bounds[index] as Bound
        const waitMs = wait({ counter, key: keyOf(told.asked) })
        if (waitMs === 0) continue
        const verdict = { refused: index, nearest: index, remaining: 0, waitMs, resetMs: waitMs, alone: false }
        return settle(group, told, verdict)
      }
      return undefined
    },
  }
}
