import type { Field } from 'protobufjs'
import { Unreadable, type WireReader } from '../wire/reader.ts'

/**
 * Where the values of a message stand in its bytes, by slot. A value is one place, and of several the last. A list
 * or a map is all its places; a packed list is one place, complemented. A message has two slots for where it begins
 * and ends, or one with all its parts.
 */
export type Slots = unknown[]
export type Places = readonly number[]
export type Part = readonly [begin: number, end: number]

/** Keeps the place of what stands behind a tag, and passes over it. */
export type Keep = (slots: Slots, wire: WireReader) => void

/** What the tags of one message type mean, whatever is made of it. */
export type Shape = {
  /** By tag, up to those of field 127. */
  readonly near: (Keep | undefined)[]
  /** By tag, the others. */
  readonly far: Map<number, Keep>
  readonly slotOf: ReadonlyMap<Field, number>
  readonly slots: number
}

/** Where the values of a message are that begins at `pos`; moves `pos` to its end. */
export const placesIn = ({ near, far, slots: count }: Shape, wire: WireReader, end: number): Slots => {
  const { limit } = wire
  wire.limit = end
  // oxlint-disable-next-line unicorn/no-new-array -- anything else fills it, for every message
  const slots: Slots = new Array(count)
  while (wire.pos < end) {
    const tag = wire.tag()
    const keep = tag < near.length ? near[tag] : far.get(tag)
    if (keep === undefined) wire.skip(tag)
    else keep(slots, wire)
  }
  if (wire.pos !== end) throw new Unreadable('a field that goes past the end of its message')
  wire.limit = limit
  return slots
}

/** Says what a tag means. */
export const onTag = ({ near, far }: Shape, tag: number, keep: Keep): void => {
  if (tag >= 1024) {
    far.set(tag, keep)
    return
  }
  while (near.length <= tag) near.push(undefined)
  near[tag] = keep
}
