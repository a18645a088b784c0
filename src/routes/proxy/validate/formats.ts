import { isIPv4, isIPv6 } from 'node:net'
import type { Format } from 'ajv/dist/2020.js'
import { fullFormats } from 'ajv-formats/dist/formats.js'

/** What is longer is none, and is not looked at: some of what looks takes its time. */
const longest = 64

const text = (validate: (text: string) => boolean): Format => ({
  validate: (given: string) => given.length <= longest && validate(given),
})

const number = (validate: (value: number) => boolean): Format => ({ type: 'number', validate })

const known = fullFormats as unknown as {
  readonly [name in 'date' | 'date-time']: { readonly validate: (text: string) => boolean }
} & { readonly uuid: RegExp }

/** Base64 (RFC 4648 §4), of any length: without a group that repeats, which takes a stack as long as the text. */
const isBase64 = (given: string): boolean => {
  const padding = given.endsWith('==') ? 2 : given.endsWith('=') ? 1 : 0
  return given.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(given.slice(0, given.length - padding))
}

/**
 * The formats that are checked: those on which all readers agree. Of e-mail addresses, host names and URIs, services
 * take more or less than any rule of ours would.
 */
export const formats: Readonly<Record<string, Format>> = {
  int32: number((value) => Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31),
  // The last 64-bit integers are one double with the first that is none.
  int64: number((value) => Number.isInteger(value) && value >= -(2 ** 63) && value <= 2 ** 63),
  date: text(known.date.validate),
  'date-time': text(known['date-time'].validate),
  uuid: text((given) => known.uuid.test(given)),
  byte: isBase64,
  ipv4: text(isIPv4),
  ipv6: text(isIPv6),
}
