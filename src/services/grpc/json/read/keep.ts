import type { Field } from 'protobufjs'
import { enumNames } from '../enums.ts'
import {
  enumOf,
  isDelimited,
  lengthDelimited,
  mapOf,
  messageOf,
  oneofOf,
  tagOf,
  wireTypeOf,
  wireTypeOfScalar,
} from '../fields.ts'
import { Unreadable, type WireReader } from '../wire/reader.ts'

import { onTag, type Part, type Shape, type Slots } from './places.ts'

/** Compiles where a field's values are kept. */
export const keepField = (shape: Shape, field: Field): void => {
  const slot = shape.slotOf.get(field) as number
  const rivals = (oneofOf(field)?.fieldsArray ?? [])
    .filter((other) => other !== field)
    .map((other) => shape.slotOf.get(other) as number)
  if (field.map) keepEntries(shape, field, slot)
  else if (field.repeated) keepItems(shape, field, slot)
  else if (messageOf(field) !== undefined) keepParts(shape, field, { number: field.id, slot, rivals })
  else keepOne(shape, field, { number: field.id, slot, rivals })
}

/** Where a field is kept; `rivals` are the slots of a oneof's others, of which only the last on the wire counts. */
type Kept = { readonly number: number; readonly slot: number; readonly rivals: readonly number[] }

const keepOne = (shape: Shape, field: Field, { number, slot, rivals }: Kept): void => {
  const tag = tagOf(number, wireTypeOf(field))
  const isValue = knownIn(field)
  if (isValue === undefined && rivals.length === 0) {
    onTag(shape, tag, (slots, wire) => {
      slots[slot] = wire.pos
      wire.skip(tag)
    })
    return
  }
  onTag(shape, tag, (slots, wire) => {
    const place = wire.pos
    wire.skip(tag)
    if (isValue !== undefined && !isValue(wire, place)) return
    for (let index = 0; index < rivals.length; index += 1) slots[rivals[index] as number] = undefined
    slots[slot] = place
  })
}

/** To JSON, a number that a closed enum does not name is a field that is not known (https://protobuf.dev/programming-guides/enum/). */
const knownIn = (field: Field): ((wire: WireReader, place: number) => boolean) | undefined => {
  const enumType = enumOf(field)
  if (enumType === undefined) return undefined
  const { byNumber, closed } = enumNames(enumType)
  if (!closed) return undefined
  return (wire, place) => {
    const { pos } = wire
    wire.pos = place
    const known = byNumber.has(wire.int32())
    wire.pos = pos
    return known
  }
}

/**
 * A message may come in parts, which together are one
 * (https://protobuf.dev/programming-guides/encoding/#last-one-wins). Because its places are kept first, it is read
 * once: read again with each part, a few bytes of nested parts would cost 2 to the power of their depth.
 */
const keepParts = (shape: Shape, field: Field, { number, slot, rivals }: Kept): void => {
  const tag = tagOf(number, wireTypeOf(field))
  const keep = (slots: Slots, begin: number, end: number): void => {
    for (let index = 0; index < rivals.length; index += 1) slots[rivals[index] as number] = undefined
    const kept = slots[slot]
    if (kept === undefined) {
      slots[slot] = begin
      slots[slot + 1] = end
    } else if (typeof kept === 'number') {
      slots[slot] = [
        [kept, slots[slot + 1]],
        [begin, end],
      ]
    } else (kept as Part[]).push([begin, end])
  }
  if (isDelimited(field))
    onTag(shape, tag, (slots, wire) => {
      const begin = wire.pos
      keep(slots, begin, wire.skipGroup(tag))
    })
  else
    onTag(shape, tag, (slots, wire) => {
      const begin = wire.forward(wire.length())
      keep(slots, begin, wire.pos)
    })
}

const keepPlace = (slots: Slots, slot: number, place: number): void => {
  const kept = slots[slot]
  if (kept === undefined) slots[slot] = [place]
  else (kept as number[]).push(place)
}

const keepItems = (shape: Shape, field: Field, slot: number): void => {
  const tag = tagOf(field.id, wireTypeOf(field))
  const isValue = knownIn(field)
  onTag(shape, tag, (slots, wire) => {
    const place = wire.pos
    wire.skip(tag)
    if (isValue === undefined || isValue(wire, place)) keepPlace(slots, slot, place)
  })
  if (messageOf(field) !== undefined || wireTypeOf(field) === lengthDelimited) return
  // Numbers are taken packed and one by one, whatever the definition says.
  onTag(shape, tagOf(field.id, lengthDelimited), (slots, wire) => {
    const place = wire.pos
    if (isValue === undefined) {
      wire.forward(wire.length())
      keepPlace(slots, slot, ~place)
      return
    }
    const end = wire.length() + wire.pos
    while (wire.pos < end) {
      const item = wire.pos
      wire.skip(tag)
      if (isValue(wire, item)) keepPlace(slots, slot, item)
    }
    if (wire.pos !== end) throw new Unreadable('a packed list that ends inside of a number')
  })
}

export const keySlot = 0
export const valueSlot = 1

/** An entry stands on the wire as a message of its key and its value. */
export const entryShape = (field: Field): Shape => {
  const shape: Shape = { near: [], far: new Map(), slotOf: new Map(), slots: 3 }
  const { keyType } = mapOf(field) as { readonly keyType: string }
  const keyTag = tagOf(1, wireTypeOfScalar(keyType))
  onTag(shape, keyTag, (slots, wire) => {
    slots[keySlot] = wire.pos
    wire.skip(keyTag)
  })
  const kept = { number: 2, slot: valueSlot, rivals: [] }
  if (messageOf(field) === undefined) keepOne(shape, field, kept)
  else keepParts(shape, field, kept)
  return shape
}

const keepEntries = (shape: Shape, field: Field, slot: number): void => {
  const tag = tagOf(field.id, lengthDelimited)
  const isValue = knownIn(field)
  if (isValue === undefined) {
    onTag(shape, tag, (slots, wire) => {
      const place = wire.pos
      wire.skip(tag)
      keepPlace(slots, slot, place)
    })
    return
  }
  // An entry without a value has the default; one whose value is not known does not count.
  const anyNumber = tagOf(2, 0)
  onTag(shape, tag, (slots, wire) => {
    const place = wire.pos
    const end = wire.length() + wire.pos
    let unknown = false
    const { limit } = wire
    wire.limit = end
    while (wire.pos < end) {
      const inner = wire.tag()
      const at = wire.pos
      wire.skip(inner)
      if (inner === anyNumber) unknown = !isValue(wire, at)
    }
    wire.limit = limit
    if (!unknown) keepPlace(slots, slot, place)
  })
}
