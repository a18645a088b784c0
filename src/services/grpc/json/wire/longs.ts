/** A 64-bit integer, as two unsigned 32-bit integers. */
export type Halves = { readonly low: number; readonly high: number }

const twoTo32 = 0x1_0000_0000
const safeHigh = 0x1f_ffff

/** A 64-bit integer in digits. Most are small, and a BigInt costs. */
export const unsignedText = ({ low, high }: Halves): string => {
  if (high === 0) return String(low)
  return high <= safeHigh ? String(high * twoTo32 + low) : String((BigInt(high) << 32n) | BigInt(low))
}

export const signedText = ({ low, high }: Halves): string => {
  if (high < 0x8000_0000) return unsignedText({ low, high })
  const minusLow = (~low + 1) >>> 0
  return `-${unsignedText({ low: minusLow, high: (~high + (minusLow === 0 ? 1 : 0)) >>> 0 })}`
}

/** A 64-bit integer as a double: exact up to 2^53. */
export const signedNumber = ({ low, high }: Halves): number => (high | 0) * twoTo32 + low
