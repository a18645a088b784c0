import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { Problem } from '../../kernel/problem.ts'

/** Bodies up to this are read whole before they are sent: one write, and no stream between two sockets. */
const small = 65_536

/** What a request's head says of its body: none, its length, or undefined where only its end will tell. */
export type BodyLength = 'none' | number | undefined

export const bodyLength = ({ headers }: IncomingMessage): BodyLength => {
  if (headers['transfer-encoding'] !== undefined) return undefined
  const length = headers['content-length']
  return length === undefined ? 'none' : Number(length)
}

export const isSmall = (length: BodyLength): length is number => typeof length === 'number' && length <= small

export const tooLarge = (limit: number): Problem =>
  new Problem('RESOURCE_EXHAUSTED', `The request body is larger than the ${limit} bytes this route takes.`, {
    status: 413,
  })

/** Calls back with a body of a known small length when all of it is there; never where the client leaves before. */
export const readWhole = (source: IncomingMessage, done: (body: Buffer) => void): void => {
  const chunks: Buffer[] = []
  source.on('data', (chunk: Buffer) => chunks.push(chunk))
  source.on('end', () => done(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)))
}

/** How much a client may go on sending after its answer. */
const patience = 8_388_608

/** Lets a client finish what it is sending: one that is cut off before may never read its answer. */
export const discardRest = (source: IncomingMessage): void => {
  if (source.complete || source.destroyed) return
  let size = 0
  source.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > patience) source.destroy()
  })
  source.resume()
}

/**
 * A request body on its way to a service: at most `limit` bytes, held back as soon as the service reads slower than
 * the client sends. Not the request itself, because destroying that takes the client's connection with it.
 */
export class RequestBody extends Readable {
  readonly #source: IncomingMessage
  readonly #limit: number
  readonly #onProgress: () => void
  readonly #onData = (chunk: Buffer): void => this.#take(chunk)
  readonly #onEnd = (): void => {
    this.push(null)
  }
  #size = 0
  /** Whether the service is the one to wait for. */
  heldBack = false

  constructor(source: IncomingMessage, limit: number, onProgress: () => void) {
    super({ highWaterMark: small })
    this.#source = source
    this.#limit = limit
    this.#onProgress = onProgress
    source.pause().on('data', this.#onData).on('end', this.#onEnd)
    // Who sends the body hears of its error through undici; without a listener it would end the process.
    this.on('error', () => {})
  }

  override _read(): void {
    this.heldBack = false
    this.#source.resume()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#source.off('data', this.#onData).off('end', this.#onEnd)
    discardRest(this.#source)
    done(error)
  }

  #take(chunk: Buffer): void {
    this.#size += chunk.length
    this.#onProgress()
    if (this.#size > this.#limit) this.destroy(tooLarge(this.#limit))
    else if (!this.push(chunk)) {
      this.heldBack = true
      this.#source.pause()
    }
  }
}
