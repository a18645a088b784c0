import type { Dispatcher } from 'undici'
import type { Json } from '../../kernel/json.ts'
import type { Signal } from '../../kernel/signal.ts'
import type { CallContext, Reply } from '../call.ts'
import { abortProblem } from '../guards/aborted.ts'
import type { RestService } from '../service.ts'
import type { BodyReader } from './body-reader.ts'
import type { RestPool } from './pool.ts'
import { badGateway, connectionProblem, statusProblem } from './problems.ts'
import type { RestInput } from './request.ts'

export type ExchangeTarget = { readonly service: RestService; readonly pool: RestPool; readonly read: BodyReader }

type Settle = { readonly resolve: (reply: Reply) => void; readonly reject: (problem: Error) => void }

const jsonType =
  /^(?:application\/(?:[\w.!#$&^-]+\+)?json|text\/json)[ \t]*(?:;(?!.*charset=(?!"?(?:utf-?8|us-ascii)))|$)/i

/** One request and its answer on a pooled connection, read whole. A handler class: undici calls it without streams between. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #target: ExchangeTarget
  readonly #options: Dispatcher.DispatchOptions
  readonly #exact: RestInput['exact']
  readonly #signal: Signal
  readonly #settle: Settle
  #controller: Dispatcher.DispatchController | undefined
  #settled = false
  #repeatable: boolean
  #started = false
  #answered = false
  #status = 0
  #headers: Readonly<Record<string, string | string[] | undefined>> = {}
  #first: Buffer | undefined
  #more: Buffer[] | undefined
  #size = 0

  constructor(
    target: ExchangeTarget,
    input: RestInput,
    request: { options: Dispatcher.DispatchOptions; context: CallContext; settle: Settle },
  ) {
    this.#target = target
    this.#options = request.options
    this.#exact = input.exact
    this.#signal = request.context.signal
    this.#settle = request.settle
    this.#repeatable = input.method === 'GET'
  }

  send(): void {
    this.#signal.addEventListener('abort', this)
    this.#target.pool.dispatcher.dispatch(this.#options, this)
  }

  /** The signal's listener: nobody waits any more, so the socket is given up. */
  handleEvent(): void {
    this.#fail(abortProblem(this.#signal, this.#target.service.name))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#started = true
    // A kept-alive connection may close just as it is used again; a new one that closes means trouble.
    if (this.#target.pool.takesFresh()) this.#repeatable = false
    if (this.#settled) controller.abort(this.#signal.reason as Error)
  }

  onResponseStarted(): void {
    this.#answered = true
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = status
    this.#headers = headers
    if (Number(headers['content-length']) > this.#target.service.maxAnswerBytes) this.#tooLarge()
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size > this.#target.service.maxAnswerBytes) return this.#tooLarge()
    if (this.#status >= 300) return // read only so that the connection can be used again
    if (this.#first === undefined) this.#first = chunk
    else (this.#more ??= [this.#first]).push(chunk)
  }

  onResponseEnd(): void {
    if (this.#settled) return
    const { service } = this.#target
    if (this.#status >= 300) return this.#fail(statusProblem(service, this.#status, one(this.#headers['retry-after'])))
    let output: Json
    try {
      output = this.#output()
    } catch (cause) {
      return this.#fail(badGateway(service.name, 'answered something that is not JSON', cause))
    }
    this.#end()
    this.#settle.resolve({ output, status: this.#status })
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#settled) return
    if (this.#repeatable && this.#started && !this.#answered) {
      this.#repeatable = false
      this.#started = false
      this.#target.pool.dispatcher.dispatch(this.#options, this)
      return
    }
    this.#fail(connectionProblem(this.#target.service.name, error, this.#started))
  }

  #output(): Json {
    if (this.#first === undefined || this.#status === 204 || this.#status === 205) return null
    const encoding = one(this.#headers['content-encoding'])
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
      throw new SyntaxError(`Encoded as ${encoding}.`)
    const type = one(this.#headers['content-type']) ?? ''
    if (type !== 'application/json' && !jsonType.test(type)) throw new SyntaxError(`Content-Type is ${type}.`)
    const bytes = this.#more === undefined ? this.#first : Buffer.concat(this.#more, this.#size)
    return this.#target.read(this.#options.path, bytes, this.#exact)
  }

  #tooLarge(): void {
    this.#fail(badGateway(this.#target.service.name, 'answered more than it may'))
  }

  /** Lets go of everything: what is still held when the young generation is collected costs a full collection later. */
  #end(): void {
    this.#settled = true
    this.#signal.removeEventListener('abort', this)
    this.#controller = undefined
    this.#first = undefined
    this.#more = undefined
  }

  /** Ends the exchange for the caller; a connection in the middle of an answer is destroyed. */
  #fail(problem: Error): void {
    if (this.#settled) return
    const controller = this.#controller
    this.#end()
    this.#settle.reject(problem)
    controller?.abort(problem)
  }
}

const one = (value: string | string[] | undefined): string | undefined => (typeof value === 'object' ? value[0] : value)
