/** Node fires timers that are longer than this at once; 24 days is never, for a call. */
const longest = 2_147_483_647

/** A timer that fires at the earliest after so many milliseconds, which may be a fraction or Infinity. */
export const startTimer = (milliseconds: number, expire: () => void): NodeJS.Timeout =>
  setTimeout(expire, Math.min(Math.ceil(milliseconds), longest))
