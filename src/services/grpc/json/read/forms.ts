import { exactNumber, type Json } from '../../../../kernel/json.ts'
import { signedText, unsignedText } from '../wire/longs.ts'
import type { WireReader } from '../wire/reader.ts'
import { floatNumber } from './floats.ts'
import type { Places, Slots } from './places.ts'

/** Makes one value of the bytes at `pos`, and moves `pos` behind it. */
export type Read<T> = (wire: WireReader) => T

/** Makes something of a message whose places are known. */
export type ReadSlots<T> = (slots: Slots, wire: WireReader) => T

/** A field in its object. */
export type FormField<T> = {
  readonly name: string
  /** Whether it is written at all; undefined for always. */
  readonly isThere: ReadSlots<boolean> | undefined
  readonly read: ReadSlots<T>
}

/** A map's entry at `pos`: its key, and after that its value. */
export type FormEntry<T> = {
  readonly places: (wire: WireReader) => Slots
  readonly key: ReadSlots<string>
  readonly value: ReadSlots<T>
}

/** What bytes are read into: JSON values, or JSON text that is written at once, without them (then T is void). */
export type Form<T> = {
  /** By protobuf type. */
  readonly scalars: Readonly<Record<string, Read<T>>>
  /** A value that is computed. */
  readonly of: (json: Json) => T
  /** A value that is always the same. */
  readonly constant: (json: Json) => () => T
  readonly list: (read: Read<T>) => (places: Places, wire: WireReader) => T
  readonly map: (entry: FormEntry<T>) => (places: Places, wire: WireReader) => T
  readonly object: (fields: readonly FormField<T>[]) => ReadSlots<T>
  /** A message inside of an Any: its own members behind its type's, or all of it as `value`. */
  readonly any: (typeUrl: string, message: () => T, wrapped: boolean) => T
}

/** Reads the items of a packed list one after the other. */
export const eachPacked = (place: number, wire: WireReader, take: Read<void>): void => {
  wire.pos = ~place
  const length = wire.length()
  const { limit } = wire
  wire.limit = wire.pos + length
  while (wire.pos < wire.limit) take(wire)
  wire.limit = limit
}

/** A map's entries, each key once. */
export type Entries = { readonly keys: readonly string[]; readonly slots: readonly Slots[] }

/** Of so few, comparing each with each is cheaper than a table. */
const fewEntries = 8

/** The entries that count: of equal keys the last. Integers come first, in order, as objects have them. */
export const entriesOf = (places: Places, wire: WireReader, entry: FormEntry<unknown>): Entries => {
  const keys: string[] = []
  const slots: Slots[] = []
  let plain = places.length <= fewEntries
  for (const place of places) {
    wire.pos = place
    const own = entry.places(wire)
    const key = entry.key(own, wire)
    plain &&= !startsWithDigit(key) && !keys.includes(key)
    keys.push(key)
    slots.push(own)
  }
  return plain ? { keys, slots } : inOrder({ keys, slots })
}

const startsWithDigit = (key: string): boolean => {
  const first = key.charCodeAt(0)
  return first >= 0x30 && first <= 0x39
}

const inOrder = ({ keys, slots }: Entries): Entries => {
  const entries: Record<string, Slots> = {}
  for (let index = 0; index < keys.length; index += 1) define(entries, keys[index] as string, slots[index] as Slots)
  return { keys: Object.keys(entries), slots: Object.values(entries) }
}

/** A plain assignment to this name would set the prototype. */
export const define = <T>(into: { [key: string]: T }, key: string, value: T): void => {
  if (key !== '__proto__') into[key] = value
  else Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true })
}

const assign: typeof define = (into, key, value) => {
  into[key] = value
}

/** A double has no text of its own for a negative zero, so that stays a raw number. */
export const jsonNumber = (value: number): Json => {
  if (!Number.isFinite(value)) return String(value)
  return Object.is(value, -0) ? exactNumber('-0') : value
}

export const jsonForm: Form<Json> = {
  scalars: {
    double: (wire) => jsonNumber(wire.double()),
    float: (wire) => jsonNumber(floatNumber(wire.float())),
    int32: (wire) => wire.int32(),
    uint32: (wire) => wire.uint32(),
    sint32: (wire) => wire.sint32(),
    fixed32: (wire) => wire.fixed32(),
    sfixed32: (wire) => wire.sfixed32(),
    int64: (wire) => signedText(wire.long()),
    uint64: (wire) => unsignedText(wire.long()),
    sint64: (wire) => signedText(wire.sint64()),
    fixed64: (wire) => unsignedText(wire.fixed64()),
    sfixed64: (wire) => signedText(wire.fixed64()),
    bool: (wire) => wire.bool(),
    string: (wire) => wire.string(),
    bytes: (wire) => wire.blob().toString('base64'),
  },
  of: (json) => json,
  constant: (json) => () => json,
  list: (read) => (places, wire) => {
    const items: Json[] = []
    for (const place of places)
      if (place < 0) eachPacked(place, wire, (at) => void items.push(read(at)))
      else {
        wire.pos = place
        items.push(read(wire))
      }
    return items
  },
  map: (entry) => (places, wire) => {
    const { keys, slots } = entriesOf(places, wire, entry)
    const into: { [key: string]: Json } = {}
    for (let index = 0; index < keys.length; index += 1)
      define(into, keys[index] as string, entry.value(slots[index] as Slots, wire))
    return into
  },
  object(fields) {
    const set = fields.some(({ name }) => name === '__proto__') ? define : assign
    return (slots, wire) => {
      const into: { [key: string]: Json } = {}
      for (let index = 0; index < fields.length; index += 1) {
        const { name, isThere, read } = fields[index] as FormField<Json>
        if (isThere === undefined || isThere(slots, wire)) set(into, name, read(slots, wire))
      }
      return into
    }
  },
  any(typeUrl, message, wrapped) {
    const json = message()
    return wrapped
      ? { '@type': typeUrl, value: json }
      : { '@type': typeUrl, ...(json as { readonly [key: string]: Json }) }
  },
}
