import type { Json } from '../../kernel/json.ts'
import type { CallContext, Reply } from '../call.ts'
import { abortProblem } from '../guards/aborted.ts'
import type { RestService } from '../service.ts'
import type { ReadWish } from '../targets/affinity.ts'
import type { BodyReader } from './body-reader.ts'
import { badGateway, connectionProblem, type Said, statusProblem } from './problems.ts'
import type { RestInput } from './request.ts'
import { Sending } from './sending.ts'
import type { RestTargets } from './targets.ts'
import type { WireError } from './wire/error.ts'
import type { AnswerHandler } from './wire/flight.ts'
import type { ResponseHead } from './wire/head.ts'
import type { WireRequest } from './wire/request.ts'

/** What is asked: a service, where it is, and how its answers are read. */
export type Asked = {
  readonly service: RestService
  readonly targets: RestTargets
  readonly read: BodyReader
  readonly affinity: ReadWish | undefined
}

type Settle = { readonly resolve: (reply: Reply) => void; readonly reject: (problem: Error) => void }

const jsonType =
  /^(?:application\/(?:[\w.!#$&^-]+\+)?json|text\/json)[ \t]*(?:;(?!.*charset=(?!"?(?:utf-?8|us-ascii)))|$)/i

type ExchangeOptions = {
  readonly exact: RestInput['exact']
  readonly judged: boolean
  readonly context: CallContext
  readonly settle: Settle
}

/** What is read of a failure that somebody looks into. */
const failureBytes = 65_536

/** Answers whose length is told in between are put together in room of just that size, made at once. */
const smallBytes = 16_384
const roomBytes = 1_048_576

/** One request and its answer on a pooled connection, read whole. */
export class Exchange implements AnswerHandler {
  readonly #asked: Asked
  readonly #request: WireRequest
  readonly #exact: RestInput['exact']
  readonly #judged: boolean
  readonly #context: CallContext
  readonly #settle: Settle
  #sending: Sending | undefined
  #settled = false
  #head: ResponseHead | undefined
  #chunks: Buffer[] | undefined
  #whole: Buffer | undefined
  #size = 0

  constructor(asked: Asked, request: WireRequest, { exact, judged, context, settle }: ExchangeOptions) {
    this.#asked = asked
    this.#request = request
    this.#exact = exact
    this.#judged = judged
    this.#context = context
    this.#settle = settle
  }

  send(): void {
    const { targets, affinity } = this.#asked
    this.#context.signal.addEventListener('abort', this)
    this.#sending = new Sending(targets, this.#request, {
      handler: this,
      wish: affinity?.(this.#context),
      tried: this.#context.tried,
    })
    this.#sending.start()
  }

  /** The signal's listener: nobody waits any more, so the connection is given up. */
  handleEvent(): void {
    const problem = abortProblem(this.#context.signal, this.#asked.service.name)
    this.#fail(problem, problem.code === 'DEADLINE_EXCEEDED')
  }

  onHead(head: ResponseHead): void {
    this.#head = head
    const { framing } = head
    if (framing.kind === 'length' && framing.length > this.#asked.service.maxAnswerBytes) this.#tooLarge()
  }

  onData(chunk: Buffer): boolean {
    const head = this.#head as ResponseHead
    const at = this.#size
    this.#size += chunk.length
    if (this.#size > this.#asked.service.maxAnswerBytes) this.#tooLarge()
    // Read only so that the connection can be used again.
    if (this.#settled || (head.status >= 300 && !(this.#judged && this.#size <= failureBytes))) return true
    const { framing } = head
    if (at === 0 && framing.kind === 'length' && framing.length > smallBytes && framing.length <= roomBytes)
      this.#whole = Buffer.allocUnsafe(framing.length)
    if (this.#whole === undefined) {
      // Most answers are one, and an empty list that grows makes room for seventeen.
      if (this.#chunks === undefined) this.#chunks = [chunk]
      else this.#chunks.push(chunk)
    } else chunk.copy(this.#whole, at)
    return this.#whole !== undefined
  }

  onEnd(): void {
    const { service } = this.#asked
    const head = this.#head as ResponseHead
    if (head.status >= 300) {
      const said = this.#judged ? this.#said(head) : undefined
      return this.#fail(statusProblem(service, head.status, { retryAfter: head.get('retry-after'), said }))
    }
    let output: Json
    try {
      output = this.#output(head)
    } catch (cause) {
      return this.#fail(badGateway(service.name, 'answered something that is not JSON', cause))
    }
    this.#end()
    this.#settle.resolve(
      this.#judged
        ? { output, status: head.status, header: (name) => head.get(name) }
        : { output, status: head.status },
    )
  }

  onError(error: WireError): void {
    this.#fail(connectionProblem(this.#asked.service.name, error))
  }

  /** What a failure says, for who looks into it; nothing of it reaches a client by itself. */
  #said(head: ResponseHead): Said {
    const header = (name: string): string | undefined => head.get(name)
    try {
      return { header, body: this.#size > failureBytes ? undefined : this.#output(head) }
    } catch {
      return { header, body: undefined }
    }
  }

  #output(head: ResponseHead): Json {
    if (this.#size === 0 || head.status === 205) return null
    const encoding = head.get('content-encoding')
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
      throw new SyntaxError(`Encoded as ${encoding}.`)
    const type = head.get('content-type') ?? ''
    if (type !== 'application/json' && !jsonType.test(type)) throw new SyntaxError(`Content-Type is ${type}.`)
    return this.#asked.read(this.#request.path, this.#body(), this.#exact)
  }

  #body(): Buffer {
    if (this.#whole !== undefined) return this.#whole
    const chunks = this.#chunks ?? []
    const [first] = chunks
    return first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks, this.#size)
  }

  #tooLarge(): void {
    this.#fail(badGateway(this.#asked.service.name, 'answered more than it may'))
  }

  /** Lets go of everything: what is still held when the young generation is collected costs a full collection later. */
  #end(): void {
    this.#settled = true
    this.#context.signal.removeEventListener('abort', this)
    this.#sending = undefined
    this.#chunks = undefined
    this.#whole = undefined
  }

  /** Ends the exchange for the caller; a connection in the middle of an answer is destroyed. */
  #fail(problem: Error, late = false): void {
    if (this.#settled) return
    const sending = this.#sending
    this.#end()
    this.#settle.reject(problem)
    sending?.abort(late)
  }
}
