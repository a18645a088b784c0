import type { FastifyReply } from 'fastify'
import type { Problem } from '../../kernel/problem.ts'
import type { PolicyTools } from '../policy.ts'
import { charges, refuse, settler } from './charges.ts'
import type { Asked } from './key.ts'
import { type Bound, bindLimits, chooser, type Group, takerOf } from './limiter.ts'
import type { PlaceLimits } from './place.ts'

/** What limits all that is asked of one place, request by request. */
export type PlaceLimiter = {
  /** The limits that hold for every caller. */
  readonly common: Group
  /** Those of one caller, his plan's included. */
  readonly of: (asked: Asked) => Group
  /** Charges one request; gives the refusal where there is one. `reply` is told what is left. */
  readonly charge: (
    group: Group,
    told: { readonly asked: Asked; readonly reply: FastifyReply | undefined },
  ) => Problem | undefined | Promise<Problem | undefined>
  /** The refusal of a caller who is known to be past one of these limits. Counts and asks nothing. */
  readonly known: (bounds: readonly Bound[], asked: Asked) => Problem | undefined
}

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
    known(bounds, asked) {
      for (const bound of bounds) {
        const waitMs = wait({ counter: bound.counter, key: bound.keyOf(asked) })
        if (waitMs > 0) return refuse(bound, waitMs, { tools, scope, asked })
      }
      return undefined
    },
  }
}
