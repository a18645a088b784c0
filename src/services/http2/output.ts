import type { Socket } from 'node:net'
import { frameHeadBytes } from './frame.ts'

const usualBytes = 16_384
/** Up to here copying costs less than a write of its own. */
const mostCopiedBytes = 4_096

/**
 * What is to be written to a connection. Frames of one turn of the event loop go out as one write: with many calls
 * at once that is one system call for several of them.
 */
export class Output {
  readonly #socket: Socket
  #bytes = Buffer.allocUnsafeSlow(usualBytes)
  #length = 0
  #scheduled = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** The head of a frame; its payload is to follow. */
  frame(
    type: number,
    flags: number,
    { streamId, length }: { readonly streamId: number; readonly length: number },
  ): void {
    const at = this.#room(frameHeadBytes)
    const bytes = this.#bytes
    bytes.writeUIntBE(length, at, 3)
    bytes[at + 3] = type
    bytes[at + 4] = flags
    bytes.writeUInt32BE(streamId, at + 5)
  }

  uint16(value: number): void {
    const at = this.#room(2)
    this.#bytes.writeUInt16BE(value, at)
  }

  uint32(value: number): void {
    const at = this.#room(4)
    this.#bytes.writeUInt32BE(value, at)
  }

  /** Part of some bytes, which must not change any more. */
  slice(from: Buffer, start: number, end: number): void {
    if (end - start > mostCopiedBytes) {
      this.flush()
      this.#socket.write(from.subarray(start, end))
      return
    }
    const at = this.#room(end - start)
    from.copy(this.#bytes, at, start, end)
  }

  readonly flush = (): void => {
    this.#scheduled = false
    const length = this.#length
    if (length === 0 || this.#socket.destroyed) return
    this.#length = 0
    this.#socket.write(this.#bytes.subarray(0, length))
    // What the system took at once needs its bytes no longer.
    if (this.#socket.writableLength > 0) this.#bytes = Buffer.allocUnsafeSlow(usualBytes)
  }

  /** Room for so many bytes: where they begin. */
  #room(length: number): number {
    const at = this.#length
    if (at + length > this.#bytes.length) return this.#afterFlush(length)
    this.#length = at + length
    if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(this.flush)
    }
    return at
  }

  #afterFlush(length: number): number {
    this.flush()
    if (length > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(length)
    return this.#room(length)
  }
}
