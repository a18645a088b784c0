import { isRawNumber, type Json } from '../../../../kernel/json.ts'
import { unexpected } from '../mistake.ts'

/** What a protobuf integer takes, and what it is called. */
export type IntegerRange = { readonly called: string; readonly min: bigint; readonly max: bigint }

export const integers = {
  int32: { called: 'an int32', min: -(2n ** 31n), max: 2n ** 31n - 1n },
  uint32: { called: 'a uint32', min: 0n, max: 2n ** 32n - 1n },
  int64: { called: 'an int64', min: -(2n ** 63n), max: 2n ** 63n - 1n },
  uint64: { called: 'a uint64', min: 0n, max: 2n ** 64n - 1n },
} as const satisfies Record<string, IntegerRange>

/** A number in text, exactly: its sign, its digits without a point, and how many of them stand before it. */
const decimal = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,9}))?$/

/** No integer of 64 bits has as many digits, zeros in front and behind included: what is longer need not be exact. */
const longestDigits = 400

/**
 * The integer that a JSON number, or a string of one, stands for: `7`, `"7"`, `7.0`, `7e0`, any digits exactly.
 * Throws Mistake for what is none, or out of range.
 */
export const integerOf = (json: Json, range: IntegerRange): bigint => {
  const text = integerText(json)
  const integer = text === undefined ? undefined : wholeNumber(text)
  if (integer === undefined)
    throw unexpected(`${range.called} as a ${range.max > 2n ** 32n ? 'string or whole number' : 'whole number'}`, json)
  if (integer < range.min || integer > range.max)
    throw unexpected(`${range.called} from ${range.min} to ${range.max}`, json)
  return integer
}

const integerText = (json: Json): string | undefined => {
  if (typeof json === 'string') return json
  // Without an exponent, which doubles get from 1e21 on.
  if (typeof json === 'number') return Number.isInteger(json) ? String(BigInt(json)) : undefined
  return isRawNumber(json) ? json.rawJSON : undefined
}

/** Undefined where a digit other than 0 stands behind the point, or it is no number. */
const wholeNumber = (text: string): bigint | undefined => {
  if (text.length > longestDigits) return undefined
  const [, sign, whole, fraction = '', exponent = '0'] = decimal.exec(text) ?? []
  if (whole === undefined) return undefined
  const digits = whole + fraction
  if (/^0*$/.test(digits)) return 0n
  const point = whole.length + Number(exponent)
  if (point <= 0) return undefined
  // Out of every range, and not worth its zeros.
  if (point > longestDigits * 2) return 10n ** 40n
  if (/[^0]/.test(digits.slice(point))) return undefined
  return BigInt(`${sign}${digits.slice(0, point).padEnd(point, '0')}`)
}
