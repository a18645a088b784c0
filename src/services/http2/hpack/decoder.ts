import { compressionError } from '../error.ts'
import type { Fields } from '../fields.ts'
import { huffmanText } from './huffman.ts'
import { staticTable, type TableField } from './static-table.ts'

/** What RFC 9113 §6.5.2 begins with; we ask for no other. */
const tableBytes = 4_096

/** RFC 7541 §4.1: what a field counts beside its octets. */
const fieldOverhead = 32

/** RFC 9110 §5.6.2 without capitals (RFC 9113 §8.2.1), behind the colon of a pseudo-header field. */
const validName = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/
/** RFC 9113 §8.2.1: none of NUL, LF and CR, and no white space at either end. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
const invalidValue = /[\0\r\n]|^[ \t]|[ \t]$/

/**
 * Reads the header blocks of one connection, in the order in which they come (RFC 7541). Throws ConnectionError for
 * what cannot be read: nothing after it could be.
 */
export class HeaderDecoder {
  readonly #maxListBytes: number
  /** The dynamic table, the newest last; those before `#first` are evicted. */
  #table: TableField[] = []
  #first = 0
  #tableBytes = 0
  #maxTableBytes = tableBytes
  #bytes: Buffer = noBytes
  #at = 0
  #end = 0
  /** Whether the block that was read last holds a field that HTTP/2 may not carry. */
  malformed = false
  /** Whether the block that was read last is over the bound: its fields are then not all given. */
  oversize = false

  /** `maxListBytes`: of names and values and 32 for each field (RFC 9113 §6.5.2). */
  constructor(maxListBytes: number) {
    this.#maxListBytes = maxListBytes
  }

  decode(bytes: Buffer, start: number, end: number): Fields {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.malformed = false
    this.oversize = false
    const fields: string[] = []
    let listBytes = 0
    while (this.#at < end) {
      const first = bytes[this.#at] as number
      if ((first & 0xe0) === 0x20) {
        if (listBytes > 0) throw compressionError('The table changes its size in the middle of a block.')
        this.#resize(this.#integer(0x1f))
        continue
      }
      // A list over its bound is read on, for the table, but no longer kept.
      const field = (first & 0x80) === 0 ? this.#literal(first) : this.#indexed(this.#integer(0x7f))
      listBytes += field.name.length + field.value.length + fieldOverhead
      if (listBytes > this.#maxListBytes) this.oversize = true
      else fields.push(field.name, field.value)
      if (!field.valid) this.malformed = true
    }
    this.#bytes = noBytes
    return fields
  }

  #indexed(index: number): TableField {
    const count = staticTable.length
    const field = index <= count ? staticTable[index - 1] : this.#table[this.#table.length - (index - count)]
    if (field === undefined || index - count > this.#table.length - this.#first)
      throw compressionError('An index is in no table.')
    return field
  }

  /** RFC 7541 §6.2: with incremental indexing, without, or never indexed. */
  #literal(first: number): TableField {
    const indexing = (first & 0x40) !== 0
    const index = this.#integer(indexing ? 0x3f : 0x0f)
    const name = index === 0 ? this.#string() : this.#indexed(index).name
    const value = this.#string()
    const field = { name, value, valid: validName.test(name) && !invalidValue.test(value) }
    if (indexing) this.#add(field)
    return field
  }

  #add(field: TableField): void {
    const size = sizeOf(field)
    this.#evict(this.#maxTableBytes - size)
    // One that is larger than the table empties it, and is no error (RFC 7541 §4.4).
    if (size > this.#maxTableBytes) return
    this.#table.push(field)
    this.#tableBytes += size
  }

  #resize(bytes: number): void {
    if (bytes > tableBytes) throw compressionError('The table is larger than it may be.')
    this.#maxTableBytes = bytes
    this.#evict(bytes)
  }

  /** Down to so many bytes, or to none. */
  #evict(bytes: number): void {
    while (this.#tableBytes > bytes && this.#first < this.#table.length) {
      this.#tableBytes -= sizeOf(this.#table[this.#first] as TableField)
      this.#first += 1
    }
    // No table of this size has more fields, so that this happens once for as many.
    if (this.#first > tableBytes / fieldOverhead) {
      this.#table = this.#table.slice(this.#first)
      this.#first = 0
    }
  }

  /** RFC 7541 §5.1; `mask` is that of the prefix. */
  #integer(mask: number): number {
    let value = this.#byte() & mask
    if (value < mask) return value
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte()
      value += (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw compressionError('An integer is too large.')
  }

  /** RFC 7541 §5.2. */
  #string(): string {
    const huffman = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0
    const length = this.#integer(0x7f)
    const start = this.#at
    const end = start + length
    if (end > this.#end) throw compressionError('A string is longer than its block.')
    this.#at = end
    return huffman ? huffmanText(this.#bytes, start, end) : this.#bytes.toString('latin1', start, end)
  }

  #byte(): number {
    if (this.#at >= this.#end) throw compressionError('A block ends in the middle of a field.')
    const byte = this.#bytes[this.#at] as number
    this.#at += 1
    return byte
  }
}

const noBytes = Buffer.alloc(0)

const sizeOf = ({ name, value }: TableField): number => name.length + value.length + fieldOverhead
