import { isIPv4, isIPv6 } from 'node:net'
import type { Format } from 'ajv/dist/2020.js'
import { fullFormats } from 'ajv-formats/dist/formats.js'

const number = (validate: (value: number) => boolean): Format => ({ type: 'number', validate })

/**
 * The formats that are checked: those on which all readers agree. Of e-mail addresses, host names and URIs, services
 * take more or less than any rule of ours would.
 */
export const formats: Readonly<Record<string, Format>> = {
  int32: number((value) => Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31),
  // The last 64-bit integers are one double with the first that is none.
  int64: number((value) => Number.isInteger(value) && value >= -(2 ** 63) && value <= 2 ** 63),
  date: fullFormats.date,
  'date-time': fullFormats['date-time'],
  uuid: fullFormats.uuid,
  byte: fullFormats.byte,
  ipv4: isIPv4,
  ipv6: isIPv6,
}
