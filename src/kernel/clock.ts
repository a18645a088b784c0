/** Time and chance are handed in, so that tests own them. */
export type Clock = {
  /** Monotonic milliseconds: for durations and deadlines. */
  now(): number
  /** Wall-clock milliseconds since 1970: for tokens, dates and logs. */
  date(): number
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
}
