import { ConnectionError, calm, errorCode, protocolError } from './error.ts'
import type { Fields } from './fields.ts'
import { type Frame, flag } from './frame.ts'
import { HeaderDecoder } from './hpack/decoder.ts'

/** What a list of fields may count (RFC 9113 §6.5.2); a stream whose list is longer is given up. */
export const maxHeaderListBytes = 65_536

/** A block is read to its end for the sake of the table, but not without one: more ends the connection. */
const mostBlockBytes = 4 * maxHeaderListBytes
const mostBlockFrames = 64

/** A header block, whole and read. */
export type HeaderBlock = {
  readonly streamId: number
  readonly fields: Fields
  readonly endStream: boolean
  /** Why its stream cannot go on; undefined where it can. */
  readonly refused: string | undefined
}

/** Puts header blocks together from HEADERS and CONTINUATION (RFC 9113 §4.3), and reads them. */
export class HeaderBlocks {
  readonly #decoder = new HeaderDecoder(maxHeaderListBytes)
  #parts: Buffer[] = []
  #bytes = 0
  #streamId = 0
  #endStream = false

  /** The stream whose block has begun and must go on in the next frame; 0 for none. */
  get open(): number {
    return this.#streamId
  }

  /** The block that HEADERS is, or undefined where more of it is to come. `start` and `end`: without padding. */
  headers({ streamId, flags, bytes, start, end }: Frame): HeaderBlock | undefined {
    const endStream = (flags & flag.endStream) !== 0
    const from = (flags & flag.priority) === 0 ? start : start + priorityBytes
    if (from > end) throw new ConnectionError(errorCode.frameSizeError, 'HEADERS is too short.')
    if ((flags & flag.endHeaders) !== 0) return this.#read({ streamId, endStream, bytes, start: from, end })
    this.#streamId = streamId
    this.#endStream = endStream
    this.#add(bytes.subarray(from, end))
    return undefined
  }

  continuation({ streamId, flags, bytes, start, end }: Frame): HeaderBlock | undefined {
    if (streamId !== this.#streamId || streamId === 0) throw protocolError('CONTINUATION continues nothing.')
    this.#add(bytes.subarray(start, end))
    if ((flags & flag.endHeaders) === 0) return undefined
    const whole = Buffer.concat(this.#parts, this.#bytes)
    this.#parts = []
    this.#bytes = 0
    this.#streamId = 0
    return this.#read({ streamId, endStream: this.#endStream, bytes: whole, start: 0, end: whole.length })
  }

  #add(part: Buffer): void {
    this.#bytes += part.length
    if (this.#bytes > mostBlockBytes || this.#parts.length >= mostBlockFrames) throw calm('A header block is too long.')
    this.#parts.push(Buffer.from(part))
  }

  #read(block: Pick<Frame, 'streamId' | 'bytes' | 'start' | 'end'> & { readonly endStream: boolean }): HeaderBlock {
    const { streamId, endStream, bytes, start, end } = block
    const fields = this.#decoder.decode(bytes, start, end)
    const { oversize, malformed } = this.#decoder
    const refused = oversize ? 'The headers are too long.' : malformed ? 'A header holds what none may.' : undefined
    return { streamId, fields, endStream, refused }
  }
}

/** Stream dependency and weight, which mean nothing any more (RFC 9113 §5.3.2). */
const priorityBytes = 5
