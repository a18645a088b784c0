import type { GrpcFailure } from '../failure.ts'
import { compressedFailure, oversizeFailure, prefixBytes } from './response.ts'

/**
 * Cuts bytes as they come into messages (gRPC over HTTP/2, Length-Prefixed-Message), each of at most so many bytes.
 * A message inside of one chunk is a view of it; one of several is copied once, to its place.
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
  push(chunk: Buffer): GrpcFailure | undefined {
    let at = 0
    while (at < chunk.length) {
      if (this.#message !== undefined) {
        at += this.#fill(this.#message, chunk, at)
        continue
      }
      at += this.#fillPrefix(chunk, at)
      if (this.#prefixFilled < prefixBytes) return undefined
      this.#prefixFilled = 0
      if (this.#prefix[0] !== 0) return compressedFailure()
      const length = this.#prefix.readUInt32BE(1)
      if (length > this.#maxBytes) return oversizeFailure(length)
      if (length <= chunk.length - at) {
        this.#take(chunk.subarray(at, at + length))
        at += length
      } else {
        this.#message = Buffer.allocUnsafe(length)
        this.#filled = 0
      }
    }
    return undefined
  }

  /** Both return how many bytes they took. */
  #fillPrefix(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#prefix, this.#prefixFilled, at, at + prefixBytes - this.#prefixFilled)
    this.#prefixFilled += taken
    return taken
  }

  #fill(message: Buffer, chunk: Buffer, at: number): number {
    const taken = chunk.copy(message, this.#filled, at)
    this.#filled += taken
    if (this.#filled === message.length) {
      this.#message = undefined
      this.#take(message)
    }
    return taken
  }
}
