import type { Json } from '../../kernel/json.ts'
import type { Signal } from '../../kernel/signal.ts'
import type { CallContext, Reply } from '../call.ts'
import { abortProblem } from '../guards/aborted.ts'
import type { RestService } from '../service.ts'
import type { BodyReader } from './body-reader.ts'
import { badGateway, connectionProblem, statusProblem } from './problems.ts'
import type { RestInput } from './request.ts'
import type { WireError } from './wire/error.ts'
import type { AnswerHandler, Flight } from './wire/flight.ts'
import type { ResponseHead } from './wire/head.ts'
import type { Origin } from './wire/origin.ts'
import type { WireRequest } from './wire/request.ts'

export type ExchangeTarget = { readonly service: RestService; readonly pool: Origin; readonly read: BodyReader }

type Settle = { readonly resolve: (reply: Reply) => void; readonly reject: (problem: Error) => void }

const jsonType =
  /^(?:application\/(?:[\w.!#$&^-]+\+)?json|text\/json)[ \t]*(?:;(?!.*charset=(?!"?(?:utf-?8|us-ascii)))|$)/i

/** Answers whose length is told in between are put together in room of just that size, made at once. */
const smallBytes = 16_384
const roomBytes = 1_048_576

/** One request and its answer on a pooled connection, read whole. */
export class Exchange implements AnswerHandler {
  readonly #target: ExchangeTarget
  readonly #request: WireRequest
  readonly #exact: RestInput['exact']
  readonly #signal: Signal
  readonly #settle: Settle
  #flight: Flight | undefined
  #settled = false
  #head: ResponseHead | undefined
  #chunks: Buffer[] = []
  #whole: Buffer | undefined
  #size = 0

  constructor(
    target: ExchangeTarget,
    request: WireRequest,
    { exact, context, settle }: { exact: RestInput['exact']; context: CallContext; settle: Settle },
  ) {
    this.#target = target
    this.#request = request
    this.#exact = exact
    this.#signal = context.signal
    this.#settle = settle
  }

  send(): void {
    this.#signal.addEventListener('abort', this)
    const flight = this.#target.pool.dispatch(this.#request, this)
    if (!this.#settled) this.#flight = flight
  }

  /** The signal's listener: nobody waits any more, so the connection is given up. */
  handleEvent(): void {
    this.#fail(abortProblem(this.#signal, this.#target.service.name))
  }

  onHead(head: ResponseHead): void {
    this.#head = head
    const { framing } = head
    if (framing.kind === 'length' && framing.length > this.#target.service.maxAnswerBytes) this.#tooLarge()
  }

  onData(chunk: Buffer): boolean {
    const head = this.#head as ResponseHead
    const at = this.#size
    this.#size += chunk.length
    if (this.#size > this.#target.service.maxAnswerBytes) this.#tooLarge()
    // Read only so that the connection can be used again.
    if (this.#settled || head.status >= 300) return true
    const { framing } = head
    if (at === 0 && framing.kind === 'length' && framing.length > smallBytes && framing.length <= roomBytes)
      this.#whole = Buffer.allocUnsafe(framing.length)
    if (this.#whole === undefined) this.#chunks.push(chunk)
    else chunk.copy(this.#whole, at)
    return this.#whole !== undefined
  }

  onEnd(): void {
    const { service } = this.#target
    const head = this.#head as ResponseHead
    if (head.status >= 300) return this.#fail(statusProblem(service, head.status, head.get('retry-after')))
    let output: Json
    try {
      output = this.#output(head)
    } catch (cause) {
      return this.#fail(badGateway(service.name, 'answered something that is not JSON', cause))
    }
    this.#end()
    this.#settle.resolve({ output, status: head.status })
  }

  onError(error: WireError): void {
    this.#fail(connectionProblem(this.#target.service.name, error))
  }

  #output(head: ResponseHead): Json {
    if (this.#size === 0 || head.status === 205) return null
    const encoding = head.get('content-encoding')
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
      throw new SyntaxError(`Encoded as ${encoding}.`)
    const type = head.get('content-type') ?? ''
    if (type !== 'application/json' && !jsonType.test(type)) throw new SyntaxError(`Content-Type is ${type}.`)
    return this.#target.read(this.#request.path, this.#body(), this.#exact)
  }

  #body(): Buffer {
    const [first] = this.#chunks
    if (this.#whole !== undefined) return this.#whole
    return first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#size)
  }

  #tooLarge(): void {
    this.#fail(badGateway(this.#target.service.name, 'answered more than it may'))
  }

  /** Lets go of everything: what is still held when the young generation is collected costs a full collection later. */
  #end(): void {
    this.#settled = true
    this.#signal.removeEventListener('abort', this)
    this.#flight = undefined
    this.#chunks = []
    this.#whole = undefined
  }

  /** Ends the exchange for the caller; a connection in the middle of an answer is destroyed. */
  #fail(problem: Error): void {
    if (this.#settled) return
    const flight = this.#flight
    this.#end()
    this.#settle.reject(problem)
    flight?.abort()
  }
}
