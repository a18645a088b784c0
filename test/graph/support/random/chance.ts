/** Chance out of a text: the same text always draws the same. */
export type Chance = {
  /** A whole number from 0 up to, not including, `below`. */
  readonly below: (below: number) => number
  /** True once in `times`. */
  readonly once: (times: number) => boolean
  readonly pick: <T>(values: readonly T[]) => T
}

/** FNV-1a for the seed, mulberry32 for the numbers. */
export const chanceOf = (...seed: readonly (string | number)[]): Chance => {
  let state = 2_166_136_261
  for (const char of seed.join('\u0000')) state = Math.imul(state ^ char.charCodeAt(0), 16_777_619)
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return { below, once: (times) => below(times) === 0, pick: (values) => values[below(values.length)] as never }
}
