import type { Charge, Verdict } from './counter.ts'
import { countings, fits } from './rule.ts'

/** Places of the states of one request's charges: nothing is charged in between, so one list does for all. */
const places: number[] = []

/** Charges limits in this process. */
export const takeFromMemory = (
  charges: readonly Charge[],
  now: number,
  /** Whether the rules are those of one process among several. */
  alone = false,
): Verdict => {
  let refused = -1
  let waitMs = 0
  for (let index = 0; index < charges.length; index += 1) {
    const { counter, key, units } = charges[index] as Charge
    const { share, table } = counter
    const counting = countings[share.kind]
    const at = table.place(key, now, share)
    places[index] = at
    if (fits(counting.room(table.state, at, now, share), units)) continue
    const wait = counting.waitMs(table.state, at, now, share, units)
    if (refused >= 0 && wait <= waitMs) continue
    refused = index
    waitMs = wait
  }
  if (refused < 0)
    for (let index = 0; index < charges.length; index += 1) {
      const { counter, units } = charges[index] as Charge
      if (units > 0)
        countings[counter.share.kind].add(counter.table.state, places[index] as number, now, counter.share, units)
    }
  let nearest = 0
  let left = Number.POSITIVE_INFINITY
  let room = 0
  for (let index = 0; index < charges.length; index += 1) {
    // Where one refused, that is the one to tell of.
    if (refused >= 0 && index !== refused) continue
    const { counter } = charges[index] as Charge
    const { share, table } = counter
    const free = countings[share.kind].room(table.state, places[index] as number, now, share)
    if (free / share.limit >= left) continue
    left = free / share.limit
    room = free
    nearest = index
  }
  const { counter } = charges[nearest] as Charge
  const resetMs = countings[counter.share.kind].resetMs(
    counter.table.state,
    places[nearest] as number,
    now,
    counter.share,
  )
  return { refused, waitMs, nearest, remaining: Math.max(0, Math.floor(room + 1e-9)), resetMs, alone }
}

/** Milliseconds until a limit has room for one more unit of a caller; 0 where it has. Counts nothing. */
export const waitInMemory = ({ counter: { share, table }, key }: Omit<Charge, 'units'>, now: number): number => {
  const at = table.find(key)
  if (at < 0) return 0
  const counting = countings[share.kind]
  return fits(counting.room(table.state, at, now, share), 1) ? 0 : counting.waitMs(table.state, at, now, share, 1)
}
