/**
 * A decimal of six to nine digits, as few as read as the same 32-bit float: 0.1, not 0.10000000149011612. Integers,
 * NaN and the infinities as they are.
 */
export const floatNumber = (value: number): number => {
  // What a double writes in this many characters has no more digits than a float holds exactly.
  if (Number.isInteger(value) || !Number.isFinite(value) || String(value).length <= 7) return value
  for (const digits of [6, 7, 8, 9]) {
    const short = Number(value.toPrecision(digits))
    // Rounded up to fewer digits, the largest would be refused by who takes it for a double.
    if (Math.fround(short) === value && Math.abs(short) <= largestFloat) return short
  }
  return value
}

const largestFloat = 3.4028234663852886e38
