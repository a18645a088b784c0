import type { GrpcFailure } from '../failure.ts'
import { compressedFailure, oversizeFailure, prefixBytes } from './response.ts'

/**
 * Cuts bytes as they come into messages (gRPC over HTTP/2, Length-Prefixed-Message), each of at most so many bytes,
 * and copies each once, to its place.
 */
export class Frames {
  readonly #maxBytes: number
  readonly #take: (message: Buffer) => void
  readonly #prefix = Buffer.alloc(prefixBytes)
  #prefixFilled = 0
  #message: Buffer | undefined
  #filled = 0

  constructor(maxBytes: number, take: (message: Buffer) => void) {
    this.#maxBytes = maxBytes
    this.#take = take
  }

  /** Whether a message has begun that is not whole. */
  get partial(): boolean {
    return this.#message !== undefined || this.#prefixFilled > 0
  }

  /** What is wrong with the next message, if anything; then nothing more may be pushed. */
  push(bytes: Buffer, start: number, end: number): GrpcFailure | undefined {
    let at = start
    while (at < end) {
      if (this.#message !== undefined) {
        at += this.#fill(this.#message, { bytes, at, end })
        continue
      }
      at += this.#fillPrefix({ bytes, at, end })
      if (this.#prefixFilled < prefixBytes) return undefined
      this.#prefixFilled = 0
      if (this.#prefix[0] !== 0) return compressedFailure()
      const length = this.#prefix.readUInt32BE(1)
      if (length > this.#maxBytes) return oversizeFailure(length)
      this.#message = Buffer.allocUnsafe(length)
      this.#filled = 0
      if (length === 0) this.#fill(this.#message, { bytes, at, end: at })
    }
    return undefined
  }

  /** Both return how many bytes they took. */
  #fillPrefix({ bytes, at, end }: Piece): number {
    const taken = bytes.copy(this.#prefix, this.#prefixFilled, at, Math.min(end, at + prefixBytes - this.#prefixFilled))
    this.#prefixFilled += taken
    return taken
  }

  #fill(message: Buffer, { bytes, at, end }: Piece): number {
    const taken = bytes.copy(message, this.#filled, at, end)
    this.#filled += taken
    if (this.#filled === message.length) {
      this.#message = undefined
      this.#take(message)
    }
    return taken
  }
}

type Piece = { readonly bytes: Buffer; readonly at: number; readonly end: number }
