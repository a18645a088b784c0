import { ConnectionError, errorCode, protocolError } from './error.ts'

/** Frame types (RFC 9113 §6). */
export const frameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const

/** Flags, each of the frames that have it. ACK and END_STREAM are the same bit. */
export const flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const

/** RFC 9113 §4.1: length, type, flags, stream. */
export const frameHeadBytes = 9

/** The longest payload of a frame unless settings say otherwise (RFC 9113 §6.5.2), which ours never do. */
export const usualPayloadBytes = 16_384

/** A frame as it stands in the bytes that were read: good until the sink returns. */
export type Frame = {
  type: number
  flags: number
  streamId: number
  bytes: Buffer
  /** Where its payload lies. */
  start: number
  end: number
}

/** What one read takes at most, with the beginning of a frame before it. */
const readBytes = 65_536

/** Cuts what is read from a connection into frames, whatever pieces it comes in. */
export class FrameReader {
  readonly #bytes = Buffer.allocUnsafeSlow(readBytes)
  readonly #take: (frame: Frame) => void
  readonly #frame: Frame
  /** Bytes of a frame that has only begun: they lie at the beginning. */
  #kept = 0

  constructor(take: (frame: Frame) => void) {
    this.#take = take
    this.#frame = { type: 0, flags: 0, streamId: 0, bytes: this.#bytes, start: 0, end: 0 }
  }

  /** Where the next read goes. */
  get target(): Buffer {
    return this.#kept === 0 ? this.#bytes : this.#bytes.subarray(this.#kept)
  }

  /** Takes the frames that so many new bytes complete. Throws ConnectionError. */
  read(length: number): void {
    const bytes = this.#bytes
    const frame = this.#frame
    const end = this.#kept + length
    let at = 0
    while (end - at >= frameHeadBytes) {
      const size = bytes.readUIntBE(at, 3)
      if (size > usualPayloadBytes) throw new ConnectionError(errorCode.frameSizeError, 'A frame is too long.')
      const start = at + frameHeadBytes
      if (end - start < size) break
      frame.type = bytes[at + 3] as number
      frame.flags = bytes[at + 4] as number
      frame.streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff
      frame.start = start
      frame.end = start + size
      at = start + size
      this.#take(frame)
    }
    this.#kept = end - at
    if (this.#kept > 0 && at > 0) bytes.copyWithin(0, at, end)
  }
}

/** Throws ConnectionError where a frame's payload has another length. */
export const sized = ({ start, end }: Frame, length: number): void => {
  if (end - start !== length) throw new ConnectionError(errorCode.frameSizeError, 'A frame has a wrong length.')
}

/** Throws ConnectionError where a frame names a stream that may not. */
export const ofConnection = ({ streamId }: Frame): void => {
  if (streamId !== 0) throw protocolError('A frame of the connection names a stream.')
}

/** Narrows a frame to its payload without padding (RFC 9113 §6.1, §6.2). */
export const unpadded = (frame: Frame): Frame => {
  if ((frame.flags & flag.padded) === 0) return frame
  const padding = frame.start < frame.end ? (frame.bytes[frame.start] as number) : 0
  if (frame.start + 1 + padding > frame.end) throw protocolError('There is more padding than frame.')
  frame.start += 1
  frame.end -= padding
  return frame
}
