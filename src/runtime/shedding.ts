import type { Clock } from '../kernel/clock.ts'
import { Problem } from '../kernel/problem.ts'

/** Whether new requests are refused now, so that those that were taken end in time. */
export type Shedding = {
  readonly lagging: boolean
  close(): void
}

/** Nothing is ever refused, and nothing is measured. */
export const noShedding: Shedding = { lagging: false, close: () => undefined }

/** How often the lag is measured at most. */
const mostOften = 100

/**
 * Measures by one timer how late the event loop comes to it: that is how long anything waits for its turn. A sample
 * counts until the next one, so that a loop that is in time again takes requests at once. `limitMs` is the lag past
 * which requests are refused.
 */
export const watchLag = (limitMs: number, { now }: Pick<Clock, 'now'>): Shedding => {
  const everyMs = Math.max(10, Math.min(mostOften, limitMs / 2))
  let due = now() + everyMs
  const shedding = {
    lagging: false,
    close: () => clearInterval(timer),
  }
  const timer = setInterval(() => {
    const at = now()
    shedding.lagging = at - due > limitMs
    due = at + everyMs
  }, everyMs).unref()
  return shedding
}

/** What a refused request is told. */
export const overloaded = (): Problem =>
  new Problem('UNAVAILABLE', 'The gateway has more to do than it can at the moment. Try again.', {
    refused: true,
    reason: 'OVERLOADED',
    headers: { 'retry-after': '1' },
  })
