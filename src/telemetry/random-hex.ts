import { randomFillSync } from 'node:crypto'

/** Random bytes are drawn many at a time, for the system is slow to give them; an id takes its share of them. */
const pool = Buffer.alloc(16_384)
let taken = pool.length

/** So many random hexadecimal digits, never all zero but for one chance in 2^64, as Trace Context asks. */
export const randomHex = (digits: number): string => {
  const bytes = digits / 2
  if (taken + bytes > pool.length) {
    randomFillSync(pool)
    taken = 0
  }
  const text = pool.toString('hex', taken, taken + bytes)
  taken += bytes
  return text
}
