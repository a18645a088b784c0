/** Kept between answers; a larger one is given back. */
const keptBytes = 65_536

const zero = 0x30
const colon = 0x3a
const comma = 0x2c
const openBrace = 0x7b
const closeBrace = 0x7d
const quote = 0x22

/** What JSON.stringify writes for bytes that do not stand as they are. */
const escapes: readonly (Buffer | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  const text = JSON.stringify(String.fromCharCode(byte)).slice(1, -1)
  return byte < 0x80 && text.length > 1 ? Buffer.from(text) : undefined
})
const isEscaped = Uint8Array.from(escapes, (escape) => (escape === undefined ? 0 : 1))

/** Writes JSON as UTF-8 into one buffer that is used again and again. */
export class TextWriter {
  private bytes = Buffer.allocUnsafeSlow(8_192)
  pos = 0
  /** Bytes of which each is a character, so far. */
  private isAscii = true

  start(): void {
    this.pos = 0
    this.isAscii = true
  }

  /** What was written since `start`, as text. */
  take(): string {
    const { bytes, pos, isAscii } = this
    if (bytes.length > keptBytes) this.bytes = Buffer.allocUnsafeSlow(8_192)
    return bytes.toString(isAscii ? 'latin1' : 'utf8', 0, pos)
  }

  /** What was written since `start`, as UTF-8. */
  takeBytes(): Buffer {
    const { bytes, pos } = this
    // A large one is given away as it is.
    if (bytes.length > keptBytes) {
      this.bytes = Buffer.allocUnsafeSlow(8_192)
      return bytes.subarray(0, pos)
    }
    return Buffer.from(bytes.subarray(0, pos))
  }

  private reserve(count: number): void {
    if (this.bytes.length - this.pos >= count) return
    // With room for what usually follows a long text: the end of its message.
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.pos + count + 1_024))
    this.bytes.copy(larger, 0, 0, this.pos)
    this.bytes = larger
  }

  last(): number | undefined {
    return this.bytes[this.pos - 1]
  }

  byte(byte: number): void {
    this.reserve(1)
    this.bytes[this.pos] = byte
    this.pos += 1
  }

  /** Few bytes, written as they are. */
  raw(raw: Uint8Array): void {
    this.copy(raw, 0)
  }

  /** A member's name: its comma only where it is not the first. */
  name(name: Uint8Array): void {
    this.copy(name, this.bytes[this.pos - 1] === openBrace ? 1 : 0)
  }

  private copy(from: Uint8Array, start: number): void {
    this.reserve(from.length)
    const { bytes } = this
    let { pos } = this
    for (let index = start; index < from.length; index += 1) {
      bytes[pos] = from[index] as number
      pos += 1
    }
    this.pos = pos
  }

  /** Text of few characters, all ASCII. */
  ascii(text: string): void {
    const { length } = text
    this.reserve(length)
    if (length > 64) {
      this.pos += this.bytes.write(text, this.pos, 'latin1')
      return
    }
    for (let index = 0; index < length; index += 1) this.bytes[this.pos + index] = text.charCodeAt(index)
    this.pos += length
  }

  text(text: string): void {
    this.reserve(text.length * 3)
    const written = this.bytes.write(text, this.pos)
    this.isAscii &&= written === text.length
    this.pos += written
  }

  /** The key of a map's entry. */
  key(key: string): void {
    const { length } = key
    this.reserve(length + 3)
    const { bytes, pos } = this
    bytes[pos] = quote
    for (let index = 0; index < length; index += 1) {
      const unit = key.charCodeAt(index)
      if (unit > 0x7e || isEscaped[unit] === 1) return this.text(`${JSON.stringify(key)}:`)
      bytes[pos + 1 + index] = unit
    }
    bytes[pos + 1 + length] = quote
    bytes[pos + 2 + length] = colon
    this.pos = pos + 3 + length
  }

  /** An unsigned 32-bit integer. */
  digits(value: number): void {
    this.reserve(10)
    const { bytes } = this
    let at = this.pos + digitCount(value)
    this.pos = at
    let rest = value
    do {
      at -= 1
      const tenth = Math.floor(rest / 10)
      bytes[at] = zero + rest - tenth * 10
      rest = tenth
    } while (rest > 0)
  }

  /** UTF-8 as a JSON string. False where it is more than ASCII: then it may be no UTF-8 at all. */
  quoted(from: Buffer, begin: number, end: number): boolean {
    this.reserve(end - begin + 2)
    let { bytes, pos } = this
    let all = 0
    bytes[pos] = quote
    pos += 1
    for (let at = begin; at < end; at += 1) {
      const byte = from[at] as number
      all |= byte
      if (isEscaped[byte] === 0) {
        bytes[pos] = byte
        pos += 1
      } else {
        this.pos = pos
        const escape = escapes[byte] as Buffer
        this.reserve(escape.length + end - at + 1)
        this.raw(escape)
        ;({ bytes, pos } = this)
      }
    }
    bytes[pos] = quote
    this.pos = pos + 1
    if (all < 0x80) return true
    this.isAscii = false
    return false
  }

  /** Makes the object that was written since then go on the one before it, which is still open. */
  join(begin: number): void {
    if (this.pos === begin + 2) {
      this.bytes[begin] = closeBrace
      this.pos = begin + 1
    } else this.bytes[begin] = comma
  }
}

const digitCount = (value: number): number => {
  let count = 1
  for (let bound = 10; value >= bound; bound *= 10) count += 1
  return count
}
