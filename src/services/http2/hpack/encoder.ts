import type { Fields } from '../fields.ts'
import { staticIndexes } from './static-table.ts'

/**
 * Fields as a header block that leaves the peer's table alone: whatever stands in one block means the same in any
 * other, so that blocks are made once and sent often. Some 120 bytes a call are what that costs on the wire.
 */
export const headerBlock = (fields: Fields): Buffer => {
  const bytes = Buffer.allocUnsafe(mostBlockBytes(fields))
  return bytes.subarray(0, writeFields(fields, bytes, 0))
}

/** Told in a connection's first block: the table is empty and stays so (RFC 7541 §4.2, §6.3). */
export const emptyTable = 0x20

/** The most bytes that fields take. */
export const mostBlockBytes = (fields: Fields): number => {
  let bytes = 0
  for (const text of fields) bytes += text.length + 6
  return bytes
}

/** Writes fields to `bytes`, where there must be room; gives where they end. Names and values are of one byte a character. */
export const writeFields = (fields: Fields, bytes: Buffer, start: number): number => {
  let at = start
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string
    const value = fields[index + 1] as string
    const known = staticIndexes.get(name)
    const whole = known?.byValue.get(value)
    if (whole !== undefined) {
      bytes[at] = 0x80 | whole
      at += 1
      continue
    }
    // What is secret is not to be kept in any table on its way (RFC 7541 §7.1.3).
    const kind = secret.has(name) ? 0x10 : 0x00
    at = writeInteger(known?.name ?? 0, { bytes, at, mask: 0x0f, kind })
    if (known === undefined) at = writeString(name, bytes, at)
    at = writeString(value, bytes, at)
  }
  return at
}

const secret: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization'])

type Place = { readonly bytes: Buffer; readonly at: number; readonly mask: number; readonly kind: number }

/** RFC 7541 §5.1. */
const writeInteger = (value: number, { bytes, at, mask, kind }: Place): number => {
  if (value < mask) {
    bytes[at] = kind | value
    return at + 1
  }
  bytes[at] = kind | mask
  let next = at + 1
  let rest = value - mask
  while (rest >= 0x80) {
    bytes[next] = (rest & 0x7f) | 0x80
    next += 1
    rest >>>= 7
  }
  bytes[next] = rest
  return next + 1
}

/** As it is: what Huffman code saves on the wire costs more here. */
const writeString = (text: string, bytes: Buffer, at: number): number => {
  const start = writeInteger(text.length, { bytes, at, mask: 0x7f, kind: 0 })
  return start + bytes.write(text, start, 'latin1')
}
