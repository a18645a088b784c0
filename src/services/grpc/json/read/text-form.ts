import { isUtf8 } from 'node:buffer'
import { type Halves, signedText, unsignedText } from '../wire/longs.ts'
import { Unreadable, type WireReader } from '../wire/reader.ts'
import { floatNumber } from './floats.ts'
import { eachPacked, entriesOf, type Form, type FormField, jsonNumber } from './forms.ts'
import type { Slots } from './places.ts'
import { TextWriter } from './text-writer.ts'

/** Answers are written one at a time, so one buffer does for all. */
export const out = new TextWriter()

/** 64-bit integers are strings, since most readers of JSON have doubles. */
const long =
  (text: (halves: Halves) => string, read: (wire: WireReader) => Halves) =>
  (wire: WireReader): void => {
    const halves = read(wire)
    out.byte(quote)
    if (halves.high === 0) out.digits(halves.low)
    else out.ascii(text(halves))
    out.byte(quote)
  }

const [quote, comma, openBracket, closeBracket, openBrace, closeBrace] = Buffer.from('",[]{}') as unknown as readonly [
  number,
  number,
  number,
  number,
  number,
  number,
]

const integer = (value: number): void => {
  if (value >= 0) out.digits(value)
  else out.ascii(String(value))
}

const number = (value: number): void => {
  if (value >>> 0 === value && !Object.is(value, -0)) out.digits(value)
  else if (Number.isFinite(value) && value !== 0) out.ascii(String(value))
  else out.ascii(JSON.stringify(jsonNumber(value)))
}

const yes = Buffer.from('true')
const no = Buffer.from('false')

export const textForm: Form<void> = {
  scalars: {
    double: (wire) => number(wire.double()),
    float: (wire) => number(floatNumber(wire.float())),
    int32: (wire) => integer(wire.int32()),
    uint32: (wire) => out.digits(wire.uint32()),
    sint32: (wire) => integer(wire.sint32()),
    fixed32: (wire) => out.digits(wire.fixed32()),
    sfixed32: (wire) => integer(wire.sfixed32()),
    int64: long(signedText, (wire) => wire.long()),
    uint64: long(unsignedText, (wire) => wire.long()),
    sint64: long(signedText, (wire) => wire.sint64()),
    fixed64: long(unsignedText, (wire) => wire.fixed64()),
    sfixed64: long(signedText, (wire) => wire.fixed64()),
    bool: (wire) => out.raw(wire.bool() ? yes : no),
    string(wire) {
      const length = wire.length()
      const begin = wire.forward(length)
      const isAscii = out.quoted(wire.bytes, begin, wire.pos)
      if (!isAscii && !isUtf8(wire.bytes.subarray(begin, wire.pos))) throw new Unreadable('a string that is not UTF-8')
    },
    bytes: (wire) => out.ascii(`"${wire.blob().toString('base64')}"`),
  },
  of: (json) => out.text(JSON.stringify(json)),
  constant(json) {
    const bytes = Buffer.from(JSON.stringify(json))
    return () => out.raw(bytes)
  },
  list(read) {
    const item = (wire: WireReader): void => {
      if (out.last() !== openBracket) out.byte(comma)
      read(wire)
    }
    return (places, wire) => {
      out.byte(openBracket)
      for (const place of places)
        if (place < 0) eachPacked(place, wire, item)
        else {
          wire.pos = place
          item(wire)
        }
      out.byte(closeBracket)
    }
  },
  map: (entry) => (places, wire) => {
    out.byte(openBrace)
    const { keys, slots } = entriesOf(places, wire, entry)
    for (let index = 0; index < keys.length; index += 1) {
      if (index > 0) out.byte(comma)
      out.key(keys[index] as string)
      entry.value(slots[index] as Slots, wire)
    }
    out.byte(closeBrace)
  },
  object(fields) {
    const names = fields.map(({ name }) => Buffer.from(`,${JSON.stringify(name)}:`))
    return (slots, wire) => {
      out.byte(openBrace)
      for (let index = 0; index < fields.length; index += 1) {
        const { isThere, read } = fields[index] as FormField<void>
        if (isThere !== undefined && !isThere(slots, wire)) continue
        out.name(names[index] as Buffer)
        read(slots, wire)
      }
      out.byte(closeBrace)
    }
  },
  any(typeUrl, message, wrapped) {
    out.text(`{"@type":${JSON.stringify(typeUrl)}`)
    if (wrapped) {
      out.text(',"value":')
      message()
      out.byte(closeBrace)
    } else {
      const begin = out.pos
      message()
      out.join(begin)
    }
  },
}
