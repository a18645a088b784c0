/**
 * How a limit counts. State is a few doubles at an offset of a shared array, so that a million callers cost megabytes and
 * a request allocates nothing. Times are milliseconds of one monotonic clock; `redis-script.ts` says the same in Lua, and
 * one suite of tests holds both to it.
 */
export type Rule = {
  readonly kind: RuleKind
  /** The most units at once: of a window, or the burst of a bucket. */
  readonly limit: number
  /** The length of a window; of a bucket, how long an empty one takes to be full again. */
  readonly windowMs: number
  /** Of calendar periods: the milliseconds until the current one ends. Undefined for windows that begin with a request. */
  readonly endsIn: (() => number) | undefined
}

export type RuleKind = 'fixed' | 'sliding' | 'bucket'

/**
 * Parts of a sliding window. All parts that the window touches count in full: never more than the limit passes in any
 * window of that length, and up to one part longer a caller waits for what he used.
 */
export const slidingParts = 6

/** How one kind keeps its state in an array of doubles. */
export type Counting = {
  /** Doubles of one caller's state. All zero is the state of a caller who never came. */
  readonly width: number
  /** Units that may still come now. */
  room(state: Float64Array, at: number, now: number, rule: Rule): number
  /** Counts units that there is room for. */
  add(state: Float64Array, at: number, now: number, rule: Rule, units: number): void
  /** Milliseconds until further units are free: never later than a refused one of them would have to wait. */
  resetMs(state: Float64Array, at: number, now: number, rule: Rule): number
  /** Milliseconds until there is room for so many units; until all is free where they never fit. */
  waitMs(state: Float64Array, at: number, now: number, rule: Rule, units: number): number
  /** Whether the state says no more than that of a caller who never came. */
  isOver(state: Float64Array, at: number, now: number, rule: Rule): boolean
}

/** State: when the window ends, what came in it. Cheap; around a boundary twice the limit may pass. */
const fixed: Counting = {
  width: 2,
  room: (state, at, now, { limit }) => (over(state, at, now) ? limit : limit - (state[at + 1] as number)),
  add(state, at, now, rule, units) {
    if (over(state, at, now)) {
      state[at] = now + lengthOf(rule)
      state[at + 1] = units
    } else state[at + 1] = (state[at + 1] as number) + units
  },
  resetMs: (state, at, now, rule) => (over(state, at, now) ? lengthOf(rule) : (state[at] as number) - now),
  waitMs(state, at, now, rule) {
    return this.resetMs(state, at, now, rule)
  },
  isOver: (state, at, now) => over(state, at, now),
}

const over = (state: Float64Array, at: number, now: number): boolean => (state[at] as number) <= now

const lengthOf = ({ endsIn, windowMs }: Rule): number => (endsIn === undefined ? windowMs : endsIn())

const ring = slidingParts + 1

/** State: the number of the latest part that counted, plus one; then what came in each part, by its number modulo their count. */
const sliding: Counting = {
  width: 1 + ring,
  room(state, at, now, rule) {
    let used = 0
    for (let part = oldest(state, at, now, rule); part < (state[at] as number); part += 1)
      used += state[at + 1 + (part % ring)] as number
    return rule.limit - used
  },
  add(state, at, now, rule, units) {
    const current = partAt(now, rule)
    const next = state[at] as number
    for (let part = Math.max(next, current - slidingParts); part <= current; part += 1)
      state[at + 1 + (part % ring)] = 0
    if (current >= next) state[at] = current + 1
    const place = at + 1 + (((state[at] as number) - 1) % ring)
    state[place] = (state[place] as number) + units
  },
  resetMs(state, at, now, rule) {
    for (let part = oldest(state, at, now, rule); part < (state[at] as number); part += 1)
      if ((state[at + 1 + (part % ring)] as number) > 0) return endOf(part, rule) - now
    return rule.windowMs
  },
  waitMs(state, at, now, rule, units) {
    let room = this.room(state, at, now, rule)
    if (room >= units) return 0
    for (let part = oldest(state, at, now, rule); part < (state[at] as number); part += 1) {
      room += state[at + 1 + (part % ring)] as number
      if (room >= units) return endOf(part, rule) - now
    }
    return Math.max(endOf((state[at] as number) - 1, rule) - now, this.resetMs(state, at, now, rule))
  },
  isOver: (state, at, now, rule) => partAt(now, rule) - slidingParts >= (state[at] as number),
}

const partAt = (now: number, { windowMs }: Rule): number => Math.floor((now * slidingParts) / windowMs)

/** When a part no longer counts. */
const endOf = (part: number, { windowMs }: Rule): number => ((part + ring) * windowMs) / slidingParts

/** The oldest part that still counts and is in the state. */
const oldest = (state: Float64Array, at: number, now: number, rule: Rule): number =>
  Math.max(0, (state[at] as number) - ring, partAt(now, rule) - slidingParts)

/** State: when the bucket is full again; what is missing now follows from it (GCRA, ITU-T I.371). */
const bucket: Counting = {
  width: 1,
  room: (state, at, now, { limit, windowMs }) => limit - Math.max(0, ((state[at] as number) - now) * limit) / windowMs,
  add(state, at, now, { limit, windowMs }, units) {
    state[at] = Math.max(state[at] as number, now) + (units * windowMs) / limit
  },
  resetMs(state, at, now, { limit, windowMs }) {
    const missing = Math.max(0, (state[at] as number) - now)
    const each = windowMs / limit
    // Whole units come back one by one; a difference of doubles is a little off.
    return missing - Math.max(0, Math.ceil(missing / each - 1e-9) - 1) * each
  },
  waitMs: (state, at, now, { limit, windowMs }, units) => {
    const missing = Math.max(0, (state[at] as number) - now)
    return units > limit ? missing : Math.max(0, missing - ((limit - units) * windowMs) / limit)
  },
  isOver: (state, at, now) => over(state, at, now),
}

export const countings: { readonly [kind in RuleKind]: Counting } = { fixed, sliding, bucket }

/** Room is a number of doubles' making: a billionth of a unit does not decide. */
export const fits = (room: number, units: number): boolean => room + 1e-9 * units + 1e-9 >= units
