export interface Random {
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number
  pick<const Items extends readonly unknown[]>(items: Items): Items[number]
  /** True in so many of a hundred cases. */
  chance(percent: number): boolean
}

/** Mulberry32: the same seed gives the same shop on every machine. */
export function randomFrom(seed: number): Random {
  let state = seed

  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1))

  return {
    int,
    pick: (items) => items[int(0, items.length - 1)],
    chance: (percent) => next() * 100 < percent,
  }
}

/** The numbers 1 to `count`, for ids such as `p-1`. */
export const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1)
