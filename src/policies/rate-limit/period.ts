import type { Clock } from '../../kernel/clock.ts'

/** A period of the calendar in a time zone. */
export type Period = { readonly per: 'day' | 'month'; readonly zone: string }

/** Milliseconds until the current period ends, by the wall clock. */
export const untilPeriodEnds = (period: Period, { date }: Pick<Clock, 'date'>): (() => number) => {
  const endAfter = periodEnd(period)
  let end = Number.NEGATIVE_INFINITY
  let from = Number.POSITIVE_INFINITY
  return () => {
    const at = date()
    // A clock that was set back may be in another period.
    if (at >= end || at < from) {
      end = endAfter(at)
      from = at
    }
    return end - at
  }
}

const dayMs = 86_400_000

/** When the period of a time ends, both in milliseconds since 1970. */
export const periodEnd = ({ per, zone }: Period): ((at: number) => number) => {
  const wall = wallClock(zone)
  return (at) => {
    const local = new Date(wall(at))
    const next =
      per === 'day'
        ? Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate() + 1)
        : Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 1)
    // Midnight by the zone's offset there, which is that of the guess but where clocks change in between.
    let end = next - (wall(at) - at)
    for (let turn = 0; turn < 2; turn += 1) end = next - (wall(end) - end)
    // A midnight that a change of clocks leaves out lies in the gap: then the day begins after it.
    return end > at ? end : at + dayMs
  }
}

/** What clocks of a zone show, as if it were UTC. */
const wallClock = (zone: string): ((at: number) => number) => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
    const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
    const seconds = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
    return seconds + (((at % 1_000) + 1_000) % 1_000)
  }
}
