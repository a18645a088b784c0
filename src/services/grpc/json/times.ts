/** Seconds and the billionths beyond them, as Timestamp and Duration have them. */
export type Time = { readonly seconds: number; readonly nanos: number }

/** From 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z (google/protobuf/timestamp.proto). */
const firstSecond = -62_135_596_800
const lastSecond = 253_402_300_799

/** About 10,000 years (google/protobuf/duration.proto). */
const longestSeconds = 315_576_000_000

const nanosPerSecond = 1_000_000_000

/** RFC 3339 in UTC, with 0, 3, 6 or 9 digits of a second; undefined for what is out of range. */
export const timestampText = (seconds: number, nanos: number): string | undefined => {
  if (seconds < firstSecond || seconds > lastSecond || nanos < 0 || nanos >= nanosPerSecond) return undefined
  return `${new Date(seconds * 1_000).toISOString().slice(0, 19)}${fraction(nanos)}Z`
}

/** Such as `-3.500s`; undefined for what is out of range. */
export const durationText = (seconds: number, nanos: number): string | undefined => {
  if (Math.abs(seconds) > longestSeconds || Math.abs(nanos) >= nanosPerSecond) return undefined
  if ((seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0)) return undefined
  return `${seconds < 0 || nanos < 0 ? '-' : ''}${Math.abs(seconds)}${fraction(Math.abs(nanos))}s`
}

const fraction = (nanos: number): string => {
  if (nanos === 0) return ''
  const digits = String(nanos).padStart(9, '0')
  return `.${digits.endsWith('000000') ? digits.slice(0, 3) : digits.endsWith('000') ? digits.slice(0, 6) : digits}`
}

const nanosOf = (digits: string | undefined): number => (digits === undefined ? 0 : Number(digits.padEnd(9, '0')))

const timestampForm =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/

/** A moment with any offset from UTC (RFC 3339 §5.6, with `T` and `Z` in upper case); undefined where it is none. */
export const parseTimestamp = (text: string): Time | undefined => {
  const parts = timestampForm.exec(text)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const [, , , , , , , digits, sign, offsetHours, offsetMinutes] = parts
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  // February 30 would become March 1.
  if (date.getUTCDate() !== day) return undefined
  const offset = sign === undefined ? 0 : (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -60 : 60)
  const seconds = date.getTime() / 1_000 + hour * 3_600 + minute * 60 + second - offset
  if (seconds < firstSecond || seconds > lastSecond) return undefined
  return { seconds, nanos: nanosOf(digits) }
}

export const parseDuration = (text: string): Time | undefined => {
  const [, minus, whole, digits] = /^(-)?(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(text) ?? []
  if (whole === undefined || Number(whole) > longestSeconds) return undefined
  const sign = minus === undefined ? 1 : -1
  // Without a negative zero.
  return { seconds: sign * Number(whole) + 0, nanos: sign * nanosOf(digits) + 0 }
}
