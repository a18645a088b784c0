import { randomBytes } from 'node:crypto'

/** Why a WebSocket ends: a code of RFC 6455 §7.4.1 or the registry it opened, and words of at most 123 bytes. */
export type Farewell = { readonly code: number; readonly reason: string }

/** A side broke the rules of frames, or a bound. Its `farewell` is for the side that did. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
  readonly farewell: Farewell
  constructor(farewell: Farewell) {
    super(farewell.reason)
    this.farewell = farewell
  }
}

/** The first two bytes, a length of 64 bits, and a mask. */
const longestHead = 14
const mostOfControl = 125
const opClose = 0x8
const isControl = (op: number): boolean => op >= opClose

/**
 * Follows the frames of one side (RFC 6455 §5.2) as bytes pass by: where each begins and ends, and how long its message
 * is. Payloads are not looked at, so that extensions such as compression remain between client and service.
 */
export class FrameReader {
  /** A client masks its frames, a service must not (§5.1). */
  readonly #masked: boolean
  readonly #mostOfMessage: number
  readonly #head = Buffer.allocUnsafe(longestHead)
  #had = 0
  #wanted = 2
  #left = 0
  #op = 0
  #message = 0
  #continues = false
  /** How many have begun their last frame. */
  messages = 0
  /** Whether what has been read ends where a frame does. */
  between = true
  /** Whether a Close frame has been read to its end: nothing counts after it. */
  closed = false

  constructor({ masked, mostOfMessage }: { readonly masked: boolean; readonly mostOfMessage: number }) {
    this.#masked = masked
    this.#mostOfMessage = mostOfMessage
  }

  /** Reads on, and says whether there was anything but pings and pongs in it. Throws FrameError. */
  read(bytes: Buffer): boolean {
    let messages = false
    let at = 0
    while (at < bytes.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, bytes.length - at)
        this.#left -= taken
        at += taken
      } else {
        this.#head[this.#had++] = bytes[at++] as number
        if (this.#had === 2) this.#wanted = this.#lengthOfHead()
        if (this.#had < this.#wanted) continue
        this.#begin()
      }
      messages ||= !isControl(this.#op)
      if (this.#left === 0) this.closed ||= this.#op === opClose
    }
    this.between = this.#left === 0 && this.#had === 0
    return messages
  }

  #lengthOfHead(): number {
    const [, second] = this.#head as unknown as [number, number]
    if (second >= 0x80 !== this.#masked) throw broken
    const short = second & 0x7f
    return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (this.#masked ? 4 : 0)
  }

  /** The head of a frame is whole. */
  #begin(): void {
    const [first, second] = this.#head as unknown as [number, number]
    const short = second & 0x7f
    const length =
      short === 126
        ? this.#head.readUInt16BE(2)
        : short === 127
          ? this.#head.readUInt32BE(2) * 2 ** 32 + this.#head.readUInt32BE(6)
          : short
    const last = first >= 0x80
    this.#op = first & 0x0f
    this.#left = length
    this.#had = 0
    this.#wanted = 2
    if (isControl(this.#op)) {
      if (!last || length > mostOfControl) throw broken
      return
    }
    // A continuation where no message has begun, or a new one where the last has not ended.
    if ((this.#op === 0) !== this.#continues) throw broken
    this.#continues = !last
    this.#message += length
    if (this.#message > this.#mostOfMessage) throw tooLong
    if (!last) return
    this.#message = 0
    this.messages += 1
  }
}

const broken = new FrameError({ code: 1002, reason: 'These are no frames of a WebSocket.' })
const tooLong = new FrameError({ code: 1009, reason: 'The message is longer than it may be.' })

/** A Close frame (§5.5.1), masked where it goes to a service. */
export const closeFrame = ({ code, reason }: Farewell, masked: boolean): Buffer => {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason))
  payload.writeUInt16BE(code)
  payload.write(reason, 2)
  if (!masked) return Buffer.concat([Buffer.of(0x88, payload.length), payload])
  const mask = randomBytes(4)
  for (let at = 0; at < payload.length; at += 1) payload[at] = (payload[at] as number) ^ (mask[at % 4] as number)
  return Buffer.concat([Buffer.of(0x88, 0x80 | payload.length), mask, payload])
}
