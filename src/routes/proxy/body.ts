import type { IncomingMessage } from 'node:http'
import { Problem } from '../../kernel/problem.ts'
import type { BodySink, BodySource } from '../../services/rest/wire/body-source.ts'
import { discardRest } from '../discard.ts'

/** Bodies up to this are read whole before they are sent: one write, and no stream between two sockets. */
const small = 65_536

/** What a request's head says of its body: none, its length, or undefined where only its end will tell. */
export type BodyLength = 'none' | number | undefined

export const bodyLength = ({ headers }: IncomingMessage): BodyLength => {
  if (headers['transfer-encoding'] !== undefined) return undefined
  const length = headers['content-length']
  return length === undefined || length === '0' ? 'none' : Number(length)
}

export const isSmall = (length: BodyLength): length is number => typeof length === 'number' && length <= small

export const tooLarge = (limit: number): Problem =>
  new Problem('RESOURCE_EXHAUSTED', `The request body is larger than the ${limit} bytes this route takes.`, {
    status: 413,
  })

/**
 * Calls back with a body when all of it is there; never where the client leaves before. `tooMuch` is called in its place
 * as soon as there is more than `limit`; what comes then is not kept.
 */
export const readWhole = (
  source: IncomingMessage,
  { limit, done, tooMuch }: { limit: number; done: (body: Buffer) => void; tooMuch: () => void },
): void => {
  const chunks: Buffer[] = []
  let size = 0
  const onData = (chunk: Buffer): void => {
    size += chunk.length
    if (size <= limit) return void chunks.push(chunk)
    source.off('data', onData).off('end', onEnd)
    tooMuch()
  }
  const onEnd = (): void => done(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))
  source.on('data', onData).on('end', onEnd)
}

/**
 * A request body on its way to a service: at most `limit` bytes, held back as soon as the service reads slower than
 * the client sends.
 */
export class RequestBody implements BodySource {
  readonly length: number | undefined
  readonly #source: IncomingMessage
  readonly #limit: number
  readonly #onProgress: () => void
  #sink: BodySink | undefined
  #size = 0
  /** Whether the service is the one to wait for. */
  heldBack = false
  /** Whether all of it has been sent, or nobody takes any more. */
  over = false

  constructor(
    source: IncomingMessage,
    { length, limit, onProgress }: { length: number | undefined; limit: number; onProgress: () => void },
  ) {
    this.length = length
    this.#source = source
    this.#limit = limit
    this.#onProgress = onProgress
  }

  start(sink: BodySink): void {
    this.#sink = sink
    this.#source.on('data', this.#onData).on('end', this.#onEnd)
  }

  resume(): void {
    this.heldBack = false
    this.#source.resume()
  }

  stop(): void {
    if (this.over) return
    this.over = true
    this.#source.off('data', this.#onData).off('end', this.#onEnd)
    discardRest(this.#source)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#size += chunk.length
    this.#onProgress()
    if (this.#size > this.#limit) this.#sink?.fail(tooLarge(this.#limit))
    else if (this.#sink?.write(chunk) === false) {
      this.heldBack = true
      this.#source.pause()
    }
  }

  readonly #onEnd = (): void => {
    this.over = true
    this.#sink?.end()
  }
}
