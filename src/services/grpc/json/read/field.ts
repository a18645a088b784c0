import type { Field, Type } from 'protobufjs'
import { enumOf, fieldsOf, isDelimited, isImplicit, mapOf, messageOf, nameOf, tagOf, wireTypeOf } from '../fields.ts'
import { Unreadable, WireReader } from '../wire/reader.ts'
import { type FormField, jsonForm, type Read, type ReadSlots } from './forms.ts'
import { entryShape, keySlot, valueSlot } from './keep.ts'
import { type Part, type Places, placesIn, type Shape, type Slots } from './places.ts'
import { shapeOf } from './shape.ts'
import { scalarReader, scalarZero, type ValueContext, valueReader, zeroOf } from './value.ts'

/** One message type, compiled into one form. */
export type MessageReader<T> = {
  readonly shape: Shape
  read: ReadSlots<T>
  /** How many values one message makes at most, without its lists, maps and messages. */
  values: number
}

export type ReadContext<T> = ValueContext<T> & { readonly readerOf: (type: Type) => MessageReader<T> }

/** Reads a message that begins at `pos` and ends at `end`, where `pos` is afterwards. */
export const readUntil = <T>({ shape, read, values }: MessageReader<T>, wire: WireReader, end: number): T => {
  wire.enter()
  wire.count(values)
  const value = read(placesIn(shape, wire, end), wire)
  wire.pos = end
  wire.depth -= 1
  return value
}

/** The fields of a message in the file's order. */
export const readFields = <T>(type: Type, context: ReadContext<T>): readonly FormField<T>[] =>
  fieldsOf(type).map((field) => {
    const made = readField(field, shapeOf(type).slotOf.get(field) as number, context)
    return field.required ? { ...made, isThere: required(made) } : made
  })

const required =
  <T>({ isThere = yes }: FormField<T>): ReadSlots<boolean> =>
  (slots, wire) => {
    if (!isThere(slots, wire)) throw new Unreadable('a message without one of its required fields')
    return true
  }

const readField = <T>(field: Field, slot: number, context: ReadContext<T>): FormField<T> => {
  const { style, form } = context
  const always = style.defaults === 'always'
  const name = nameOf(field, style.names)
  const isSent = (slots: Slots): boolean => slots[slot] !== undefined
  const isThere = always ? undefined : isSent
  if (field.map || field.repeated) {
    const read = field.map ? form.map(readEntry(field, context)) : form.list(itemReader(field, context))
    return { name, isThere, read: (slots, wire) => read((slots[slot] as Places | undefined) ?? noPlaces, wire) }
  }
  if (messageOf(field) !== undefined) return { name, isThere: isSent, read: readMessage(field, slot, context) }
  const read = readOne(field, slot, context)
  if (!isImplicit(field)) return { name, isThere: isSent, read }
  if (always) return { name, isThere, read }
  const isZero = zeroOn(field)
  return { name, isThere: (slots, wire) => isSent(slots) && !isZero(wire, slots[slot] as number), read }
}

const yes = (): boolean => true

const noPlaces: Places = []

/** A scalar or enum; its default where none was sent. */
const readOne = <T>(field: Field, slot: number, context: ReadContext<T>): ReadSlots<T> => {
  const read = valueReader(field, context)
  const zero = context.form.constant(zeroOf(field, context.style))
  return (slots, wire) => {
    const place = slots[slot]
    if (place === undefined) return zero()
    wire.pos = place as number
    return read(wire)
  }
}

/** Whether a default stands there, which is as good as nothing. */
const zeroOn = (field: Field): ((wire: WireReader, place: number) => boolean) => {
  const wireType = wireTypeOf(field)
  return (wire, place) => {
    wire.pos = place
    if (wireType === 5) return wire.fixed32() === 0
    const { low, high } = wireType === 1 ? wire.fixed64() : wire.long()
    return low === 0 && (high === 0 || is32(field))
  }
}

/** Of these, only the low half of a varint counts. */
const is32 = (field: Field): boolean => enumOf(field) !== undefined || field.type.endsWith('32')

const readMessage = <T>(field: Field, slot: number, { readerOf }: ReadContext<T>): ReadSlots<T> => {
  const reader = readerOf(messageOf(field) as Type)
  return (slots, wire) => {
    const begin = slots[slot]
    if (begin === undefined) return readUntil(reader, new WireReader(nothing, wire), 0)
    if (typeof begin === 'number') {
      wire.pos = begin
      return readUntil(reader, wire, slots[slot + 1] as number)
    }
    const parts = (begin as readonly Part[]).map(([from, to]) => wire.bytes.subarray(from, to))
    const whole = Buffer.concat(parts)
    return readUntil(reader, new WireReader(whole, wire), whole.length)
  }
}

const nothing = Buffer.alloc(0)

/** One item of a list, without its tag. */
const itemReader = <T>(field: Field, context: ReadContext<T>): Read<T> => {
  const message = messageOf(field)
  if (message === undefined) return valueReader(field, context)
  const reader = context.readerOf(message)
  if (!isDelimited(field))
    return (wire) => {
      const length = wire.length()
      return readUntil(reader, wire, wire.pos + length)
    }
  const tag = tagOf(field.id, 3)
  return (wire) => {
    const begin = wire.pos
    const end = wire.skipGroup(tag)
    const behind = wire.pos
    wire.pos = begin
    const value = readUntil(reader, wire, end)
    wire.pos = behind
    return value
  }
}

const readEntry = <T>(field: Field, context: ReadContext<T>) => {
  const { keyType } = mapOf(field) as { readonly keyType: string }
  const shape = entryShape(field)
  const readKey = scalarReader(keyType, jsonForm) as Read<string | number | boolean>
  const emptyKey = String(scalarZero(keyType))
  const read = messageOf(field) === undefined ? readOne : readMessage
  return {
    places(wire: WireReader): Slots {
      const length = wire.length()
      return placesIn(shape, wire, wire.pos + length)
    },
    key(slots: Slots, wire: WireReader): string {
      const place = slots[keySlot]
      if (place === undefined) return emptyKey
      wire.pos = place as number
      return String(readKey(wire))
    },
    value: read(field, valueSlot, context),
  }
}
