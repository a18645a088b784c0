import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Dispatcher } from 'undici'
import type { Caller } from '../../kernel/caller.ts'
import type { Problem } from '../../kernel/problem.ts'
import { Aborter, type Signal } from '../../kernel/signal.ts'
import type { CallContext, ForwardedHeaders, Reply } from '../../services/call.ts'
import { abortProblem, deadlineProblem } from '../../services/guards/aborted.ts'
import { responseHeaders } from '../../services/rest/headers.ts'
import type { RestPool } from '../../services/rest/pool.ts'
import { badGateway, connectionProblem } from '../../services/rest/problems.ts'
import { bodyLength, isSmall, RequestBody, readWhole, tooLarge } from './body.ts'
import type { ProxyRoute } from './compile.ts'
import { clientHeaders, clientLocation, upstreamHeaders, upstreamPath } from './translate.ts'

/** How long an answer that has begun may stay silent. */
const silenceMs = 300_000
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS'])
const nothing: ForwardedHeaders = {}

/**
 * One request on its way through: sent on as it comes, answered as the service answers, neither faster than its
 * reader. A handler class, because undici hands it raw headers and chunks without a stream between two sockets.
 */
export class Lane implements Dispatcher.DispatchHandler, CallContext {
  readonly deadline: number
  readonly caller: Caller
  readonly forward = nothing
  readonly #route: ProxyRoute
  readonly #pool: RestPool
  readonly #raw: IncomingMessage
  readonly #response: ServerResponse
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  #resolve!: (reply: Reply<void>) => void
  #reject!: (problem: Error) => void
  #options!: Dispatcher.DispatchOptions
  #controller: Dispatcher.DispatchController | undefined
  #aborter: Aborter | undefined
  #timer: NodeJS.Timeout | undefined
  #body: RequestBody | undefined
  #whole: Buffer | undefined
  #running = false
  #settled = false
  #left = false
  #started = false
  #answered = false
  #repeatable = false
  #declared: number | undefined
  #received = 0

  constructor(route: ProxyRoute, pool: RestPool, { request, reply }: { request: FastifyRequest; reply: FastifyReply }) {
    this.#route = route
    this.#pool = pool
    this.#request = request
    this.#reply = reply
    this.#raw = request.raw
    this.#response = reply.raw
    this.deadline = request.deadline
    this.caller = request.caller
    this.#response.once('close', () => this.#onClose())
  }

  /** Aborts when the client has left. Made only for those who wait for a slot. */
  get signal(): Signal {
    this.#aborter ??= new Aborter()
    if (this.#left) this.#aborter.abort()
    return this.#aborter
  }

  /** Whether nobody is there to be answered any more. */
  get abandoned(): boolean {
    return this.#left
  }

  /** Calls back when all is there that is sent at once: a client slow to send a small body must not hold a slot meanwhile. */
  whenReady(go: () => void): void {
    const length = bodyLength(this.#raw)
    if (!isSmall(length) || length > this.#route.maxBodyBytes) return go()
    readWhole(this.#raw, (body) => {
      this.#whole = body
      go()
    })
  }

  /** Passes the request on. Resolves when the whole answer is with the client's socket; rejects with a Problem. */
  run(budgetMs: number): Promise<Reply<void>> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#running = true
      if (this.#left) return this.#fail(this.#cancelled())
      const length = bodyLength(this.#raw)
      if (typeof length === 'number' && length > this.#route.maxBodyBytes)
        return this.#fail(tooLarge(this.#route.maxBodyBytes))
      if (length === 'none') this.#dispatch(null, budgetMs)
      else if (this.#whole !== undefined) this.#dispatch(this.#whole, budgetMs)
      else {
        this.#body = new RequestBody(this.#raw, this.#route.maxBodyBytes, () => this.#timer?.refresh())
        this.#dispatch(this.#body, budgetMs, length)
      }
    })
  }

  #dispatch(body: Dispatcher.DispatchOptions['body'], budgetMs: number, length?: number): void {
    if (this.#settled) return
    const headers = upstreamHeaders(this.#request, this.#route)
    if (length !== undefined) headers.push('content-length', String(length))
    const method = this.#raw.method as Dispatcher.HttpMethod
    this.#repeatable = body === null && idempotent.has(method)
    this.#options = {
      path: upstreamPath(this.#request, this.#route),
      method,
      headers,
      body: body ?? null,
      bodyTimeout: silenceMs,
    }
    this.#timer = setTimeout(onTime, Math.max(0, Math.min(this.#route.timeoutMs, budgetMs)), this)
    this.#pool.dispatcher.dispatch(this.#options, this)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#started = true
    // A kept-alive connection may close just as it is used again; a new one that closes means trouble.
    if (this.#pool.takesFresh()) this.#repeatable = false
    if (this.#settled) controller.abort(this.#cancelled())
  }

  onResponseStarted(): void {
    this.#answered = true
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return
    clearTimeout(this.#timer)
    const raw = (controller as { rawHeaders?: Buffer[] }).rawHeaders ?? []
    const answer = responseHeaders(raw)
    if (answer === undefined) return this.#fail(badGateway(this.#route.service.name, 'answered with invalid headers'))
    clientLocation(answer.headers, this.#route)
    this.#response.writeHead(status, clientHeaders(answer.headers, this.#reply))
    this.#declared = answer.contentLength
    // An answer of unknown length may be a slow stream: its head does not wait for the first chunk.
    if (this.#declared === undefined) queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    if (this.#received === 0 && !this.#settled) this.#response.flushHeaders()
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#received += chunk.length
    if (this.#received === this.#declared) this.#response.end(chunk)
    else if (!this.#response.write(chunk)) {
      controller.pause()
      this.#response.once('drain', () => controller.resume())
    }
  }

  onResponseEnd(): void {
    if (this.#settled) return
    this.#settled = true
    if (!this.#response.writableEnded) this.#response.end()
    this.#resolve({ output: undefined, status: this.#response.statusCode })
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#settled) return
    if (this.#repeatable && this.#started && !this.#answered) {
      this.#repeatable = false
      this.#started = false
      this.#pool.dispatcher.dispatch(this.#options, this)
      return
    }
    this.#fail(connectionProblem(this.#route.service.name, error, this.#started))
  }

  /** The service has had its time. A body still on its way is waited for as long as it is the client who lags. */
  onTime(): void {
    const body = this.#body
    if (body !== undefined && !body.readableEnded && !body.destroyed && !body.heldBack && this.#started) {
      this.#timer?.refresh()
    } else this.#fail(deadlineProblem(this.#route.service.name))
  }

  #onClose(): void {
    if (this.#settled || this.#response.writableFinished) return
    this.#left = true
    this.#aborter?.abort()
    if (this.#running) this.#fail(this.#cancelled())
  }

  #cancelled(): Problem {
    return abortProblem(this.signal, this.#route.service.name)
  }

  #fail(problem: Error): void {
    if (this.#settled) return
    this.#settled = true
    clearTimeout(this.#timer)
    this.#reject(problem)
    this.#controller?.abort(problem)
    this.#body?.destroy()
  }
}

// One function for all timers, so that a request makes no closure for its own.
const onTime = (lane: Lane): void => lane.onTime()
