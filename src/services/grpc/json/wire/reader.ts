import { isUtf8 } from 'node:buffer'
import { deepest } from '../fields.ts'
import { isPlain, shortLength, shortText } from './ascii.ts'

/** Bytes that are no message of their type. Said to logs only: clients learn that the answer cannot be read. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
}

const cutOff = (): Unreadable => new Unreadable('a message that is cut off')

/**
 * Reads protobuf's wire format (https://protobuf.dev/programming-guides/encoding/). Every method reads at `pos` and
 * moves it; all throw Unreadable for bytes that mean nothing.
 */
export class WireReader {
  readonly bytes: Buffer
  pos = 0
  /** Where the message that is being read ends. */
  limit: number
  /** How many messages lie around what is being read. */
  depth = 0
  /** The halves of the number that `long` or `fixed64` has read, each an unsigned 32-bit integer. */
  low = 0
  high = 0
  private written = 0
  private readonly whole: WireReader | undefined

  /** `whole` is the message that these bytes were taken out of. */
  constructor(bytes: Uint8Array, whole?: WireReader) {
    this.whole = whole
    if (whole !== undefined) this.depth = whole.depth
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.limit = this.bytes.length
  }

  /** A field's number and wire type as they stand on the wire: number × 8 + type. */
  tag(): number {
    const first = this.bytes[this.pos]
    if (first !== undefined && first < 0x80) {
      this.pos += 1
      return first
    }
    const start = this.pos
    this.long()
    if (this.high !== 0 || this.pos - start > 5) throw new Unreadable('a field number that is too large')
    return this.low
  }

  /** The length of what follows, all of it there. */
  length(): number {
    let length = this.bytes[this.pos]
    if (length !== undefined && length < 0x80) {
      this.pos += 1
    } else {
      this.long()
      if (this.high !== 0) throw cutOff()
      length = this.low
    }
    if (length > this.limit - this.pos) throw cutOff()
    return length
  }

  /** The low half of a varint; the specification has the rest dropped. */
  uint32(): number {
    const first = this.bytes[this.pos]
    if (first !== undefined && first < 0x80) {
      this.pos += 1
      return first
    }
    this.long()
    return this.low
  }

  int32(): number {
    return this.uint32() | 0
  }

  sint32(): number {
    const value = this.uint32()
    return (value >>> 1) ^ -(value & 1)
  }

  bool(): boolean {
    this.long()
    return this.low !== 0 || this.high !== 0
  }

  /** Any varint, into `low` and `high`. */
  long(): this {
    const { bytes } = this
    let low = 0
    let high = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[this.pos]
      if (byte === undefined || this.pos >= this.limit) throw cutOff()
      if (shift > 63) throw new Unreadable('a number of more than ten bytes')
      this.pos += 1
      if (shift < 28) low |= (byte & 0x7f) << shift
      else if (shift > 28) high |= (byte & 0x7f) << (shift - 32)
      else {
        low |= (byte & 0x7f) << 28
        high = (byte & 0x7f) >> 4
      }
      if (byte < 0x80) break
    }
    this.low = low >>> 0
    this.high = high >>> 0
    return this
  }

  /** A zigzag varint, into `low` and `high` as two's complement. */
  sint64(): this {
    this.long()
    const { low, high } = this
    const sign = -(low & 1)
    this.low = (((low >>> 1) | (high << 31)) ^ sign) >>> 0
    this.high = ((high >>> 1) ^ sign) >>> 0
    return this
  }

  fixed32(): number {
    return this.bytes.readUInt32LE(this.forward(4))
  }

  sfixed32(): number {
    return this.bytes.readInt32LE(this.forward(4))
  }

  fixed64(): this {
    const at = this.forward(8)
    this.low = this.bytes.readUInt32LE(at)
    this.high = this.bytes.readUInt32LE(at + 4)
    return this
  }

  float(): number {
    return this.bytes.readFloatLE(this.forward(4))
  }

  double(): number {
    return this.bytes.readDoubleLE(this.forward(8))
  }

  string(): string {
    const length = this.length()
    const start = this.forward(length)
    if (length < shortLength && isPlain(this.bytes, start, this.pos)) return shortText(this.bytes, start, this.pos)
    const text = this.bytes.toString('utf8', start, this.pos)
    // What is no UTF-8 becomes this character; who really sent it pays for a second look.
    if (text.includes('\ufffd') && !isUtf8(this.bytes.subarray(start, this.pos)))
      throw new Unreadable('a string that is not UTF-8')
    return text
  }

  /** Bytes as they stand in the message, not copied. */
  blob(): Buffer {
    const start = this.forward(this.length())
    return this.bytes.subarray(start, this.pos)
  }

  /** Passes over so many bytes and says where they began. */
  forward(count: number): number {
    const at = this.pos
    if (count > this.limit - at) throw cutOff()
    this.pos = at + count
    return at
  }

  /** Passes over the value behind a tag that means nothing here. */
  skip(tag: number): void {
    if (tag < 8) throw new Unreadable('a field with the number 0')
    switch (tag & 7) {
      case 0:
        return this.skipVarint()
      case 1:
        return void this.forward(8)
      case 2:
        return void this.forward(this.length())
      case 3:
        return void this.skipGroup(tag)
      case 5:
        return void this.forward(4)
      default:
        throw new Unreadable('the end of a group that has not begun, or a wire type that does not exist')
    }
  }

  private skipVarint(): void {
    const { bytes, pos, limit } = this
    for (let at = pos; at < limit; at += 1)
      if ((bytes[at] as number) < 0x80) {
        this.pos = at + 1
        if (at - pos > 9) throw new Unreadable('a number of more than ten bytes')
        return
      }
    throw cutOff()
  }

  /** Passes over a group and the tag of its end, and says where that tag is. */
  skipGroup(tag: number): number {
    this.enter()
    for (;;) {
      const at = this.pos
      const inner = this.tag()
      if (inner === tag + 1) {
        this.depth -= 1
        return at
      }
      this.skip(inner)
    }
  }

  /** Goes one message deeper. */
  enter(): void {
    if (this.depth > deepest) throw new Unreadable(`messages nested more than ${deepest} deep`)
    this.depth += 1
  }

  /**
   * Counts what is written of a message, defaults too. Empty messages in a list take two bytes each on the wire,
   * and a value for each of their fields in JSON: past this, few bytes would fill the memory.
   */
  count(values: number): void {
    if (this.whole !== undefined) return this.whole.count(values)
    this.written += values
    if (this.written > mostValues) throw new Unreadable('more values than can be written')
  }
}

const mostValues = 10_000_000
