import { deepest } from '../fields.ts'
import { Mistake } from '../mistake.ts'

/** Kept between messages; a larger one is given back. */
const keptBytes = 65_536

/** Writes protobuf's wire format into one buffer that is used again and again. Messages are written one at a time. */
export class WireWriter {
  bytes = Buffer.allocUnsafeSlow(4_096)
  pos = 0
  /** How many messages lie around what is being written. */
  depth = 0

  /** Forgets what a message that failed has left. */
  start(): void {
    this.pos = 0
    this.depth = 0
  }

  /** What was written since `start`, as bytes of their own. */
  take(): Buffer {
    const { bytes, pos } = this
    if (bytes.length <= keptBytes) return Buffer.from(bytes.subarray(0, pos))
    this.bytes = Buffer.allocUnsafeSlow(4_096)
    return bytes.subarray(0, pos)
  }

  /** Goes one message deeper. */
  enter(): void {
    if (this.depth >= deepest) throw new Mistake(`nested more than ${deepest} messages deep`)
    this.depth += 1
  }

  /** Makes room for so many more bytes. */
  reserve(count: number): void {
    if (this.bytes.length - this.pos >= count) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.pos + count))
    this.bytes.copy(larger, 0, 0, this.pos)
    this.bytes = larger
  }

  uint32(value: number): void {
    this.reserve(5)
    let rest = value
    while (rest > 0x7f) {
      this.bytes[this.pos] = (rest & 0x7f) | 0x80
      this.pos += 1
      rest >>>= 7
    }
    this.bytes[this.pos] = rest
    this.pos += 1
  }

  /** Negative ones take ten bytes, as 64-bit integers do. */
  int32(value: number): void {
    if (value >= 0) this.uint32(value)
    else this.long(value >>> 0, 0xffff_ffff)
  }

  sint32(value: number): void {
    this.uint32(((value << 1) ^ (value >> 31)) >>> 0)
  }

  /** A varint of two unsigned halves. */
  long(low: number, high: number): void {
    this.reserve(10)
    const { bytes } = this
    let [restLow, restHigh] = [low, high]
    while (restHigh > 0 || restLow > 0x7f) {
      bytes[this.pos] = (restLow & 0x7f) | 0x80
      this.pos += 1
      restLow = ((restLow >>> 7) | (restHigh << 25)) >>> 0
      restHigh >>>= 7
    }
    bytes[this.pos] = restLow
    this.pos += 1
  }

  /** Two's complement halves as a zigzag varint. */
  sint64(low: number, high: number): void {
    const sign = (high | 0) >> 31
    this.long(((low << 1) ^ sign) >>> 0, (((high << 1) | (low >>> 31)) ^ sign) >>> 0)
  }

  fixed32(value: number): void {
    this.reserve(4)
    this.pos = this.bytes.writeInt32LE(value | 0, this.pos)
  }

  fixed64(low: number, high: number): void {
    this.fixed32(low)
    this.fixed32(high)
  }

  float(value: number): void {
    this.reserve(4)
    this.pos = this.bytes.writeFloatLE(value, this.pos)
  }

  double(value: number): void {
    this.reserve(8)
    this.pos = this.bytes.writeDoubleLE(value, this.pos)
  }

  /** A string behind its length. Throws Mistake where it is not Unicode (a half of a surrogate pair alone). */
  string(text: string): void {
    if (text.length < shortLength && this.ascii(text)) return
    if (!text.isWellFormed()) throw new Mistake('expected Unicode text, got half of a surrogate pair')
    const length = Buffer.byteLength(text)
    this.uint32(length)
    this.reserve(length)
    this.pos += this.bytes.write(text, this.pos)
  }

  /** Writes a text of few characters if they are ASCII, and says whether. */
  private ascii(text: string): boolean {
    const { length } = text
    this.reserve(length + 1)
    const { bytes, pos } = this
    for (let index = 0; index < length; index += 1) {
      const unit = text.charCodeAt(index)
      if (unit > 0x7f) return false
      bytes[pos + 1 + index] = unit
    }
    bytes[pos] = length
    this.pos = pos + 1 + length
    return true
  }

  /** Base64 of either alphabet as bytes behind their length. */
  base64(text: string, length: number): void {
    this.uint32(length)
    this.reserve(length)
    this.pos += this.bytes.write(text, this.pos, 'base64')
  }

  /** Begins what stands behind its length, and leaves one byte for it. Returns what `end` needs. */
  begin(): number {
    this.reserve(1)
    this.pos += 1
    return this.pos
  }

  end(begin: number): void {
    const length = this.pos - begin
    if (length < 0x80) {
      this.bytes[begin - 1] = length
      return
    }
    // Most are short; a long one moves by the bytes that its length takes more.
    const more = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : length < 0x1000_0000 ? 3 : 4
    this.reserve(more)
    this.bytes.copyWithin(begin + more, begin, this.pos)
    const end = this.pos + more
    this.pos = begin - 1
    this.uint32(length)
    this.pos = end
  }

  /** Whether everything since then is zero: a default, in any scalar's encoding. */
  isZeroSince(begin: number): boolean {
    for (let at = begin; at < this.pos; at += 1) if (this.bytes[at] !== 0) return false
    return true
  }
}

/** Below this a call out of JavaScript costs more than the text; with its length in one byte. */
const shortLength = 64
