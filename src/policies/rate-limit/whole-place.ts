import { asLimit, type OperationLimits, placeOf } from './operations.ts'
import type { PlaceLimits, Units } from './place.ts'

/** What each request of a place is known to ask for, before it is read. */
export type KnownUnits = Pick<Units, 'calls' | 'cost'> & { readonly selected: ReadonlyMap<string, number> }

/**
 * All limits of a place whose requests ask for the same each time, so that they are charged together, in one command.
 * Undefined where one counts what is not known, or where nothing is limited but requests.
 */
export const wholePlace = (
  { place, named }: OperationLimits,
  { calls, cost, selected }: KnownUnits,
  scope: string,
): PlaceLimits | undefined => {
  const units = { requests: place?.units.requests ?? 1, calls, cost: cost && Math.ceil(cost) }
  const limits = place?.limits ?? []
  const all = [...limits, ...[...(place?.plans?.of.values() ?? [])].flat()]
  if (all.some(({ counts }) => units[counts] === undefined)) return undefined
  const also = [...selected].flatMap(([name, times]) =>
    (named.get(name) ?? []).map((limit) => ({ limit: asLimit(limit), place: placeOf(scope, name), units: times })),
  )
  if (also.length === 0 && all.every(({ counts }) => counts === 'requests')) return undefined
  return { limits, plans: place?.plans, units, also }
}
