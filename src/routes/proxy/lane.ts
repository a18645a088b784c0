import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../../kernel/caller.ts'
import type { Problem } from '../../kernel/problem.ts'
import { Aborter, type Signal } from '../../kernel/signal.ts'
import { TimeLimit, type Waiting } from '../../kernel/timer.ts'
import type { CallContext, ForwardedHeaders, Reply } from '../../services/call.ts'
import { abortProblem, deadlineProblem } from '../../services/guards/aborted.ts'
import { isFailureStatus, neverSent } from '../../services/guards/failure.ts'
import type { Introduction } from '../../services/identity/introduction.ts'
import { clientTrailers, responseHeaders } from '../../services/rest/headers.ts'
import { badGateway, connectionProblem, statusProblem } from '../../services/rest/problems.ts'
import { Sending } from '../../services/rest/sending.ts'
import type { RestTargets } from '../../services/rest/targets.ts'
import type { WireError } from '../../services/rest/wire/error.ts'
import type { AnswerHandler } from '../../services/rest/wire/flight.ts'
import type { ResponseHead } from '../../services/rest/wire/head.ts'
import type { ReadWish } from '../../services/targets/affinity.ts'
import { bodyLength, isSmall, RequestBody, readWhole, tooLarge } from './body.ts'
import { passHints } from './hints.ts'
import { type AnswerMask, askForWhole, HeldAnswer, maskedHeaders, personalHeaders, tooLargeToMask } from './masked.ts'
import type { ProxyRoute } from './route.ts'
import type { AnswerCopy } from './stale.ts'
import {
  clientHeaders,
  clientLocation,
  storeNoRefusal,
  upstreamHeaders,
  upstreamHost,
  upstreamUrl,
} from './translate.ts'

/** How long an answer that has begun may stay silent. */
const silenceMs = 300_000
/** Safe methods (RFC 9110 §9.2.1). */
const safe = new Set(['GET', 'HEAD', 'OPTIONS'])
const nothing: ForwardedHeaders = {}

/** What looks at an answer on its way to the client. */
export type LaneOptions = {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Whether something stands in for an answer that says that the service failed. */
  readonly replaces?: ((lane: Lane) => boolean) | undefined
  readonly copy?: AnswerCopy | undefined
  readonly mask?: AnswerMask | undefined
}

/** Where a route's requests go. */
export type Way = {
  readonly targets: RestTargets
  readonly affinity: ReadWish | undefined
  readonly introduction: Introduction
}

/**
 * One request on its way through: sent on as it comes, answered as the service answers, neither faster than its
 * reader. A handler class: raw headers and chunks, without a stream between two sockets.
 */
export class Lane implements AnswerHandler, CallContext, Waiting {
  readonly deadline: number
  readonly caller: Caller
  readonly forward = nothing
  readonly #route: ProxyRoute
  readonly #way: Way
  readonly #raw: IncomingMessage
  readonly #response: ServerResponse
  readonly request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #replaces: LaneOptions['replaces']
  readonly #copy: AnswerCopy | undefined
  readonly #mask: AnswerMask | undefined
  #held: HeldAnswer | undefined
  #context: CallContext = this
  #resolve!: (reply: Reply<void>) => void
  #reject!: (problem: Error) => void
  #sending: Sending | undefined
  #aborter: Aborter | undefined
  #limit: TimeLimit | undefined
  #silence: NodeJS.Timeout | undefined
  #body: RequestBody | undefined
  #whole: Buffer | undefined
  #running = false
  #settled = false
  #left = false
  #heldBack = false
  #declared: number | undefined
  #received = 0

  constructor(route: ProxyRoute, way: Way, { request, reply, replaces, copy, mask }: LaneOptions) {
    this.#replaces = replaces
    this.#mask = mask
    this.#copy = copy
    this.#route = route
    this.#way = way
    this.request = request
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

  /** What it is as a context, in a plain object: one that can be copied with a part changed. */
  context(): CallContext {
    const { signal, deadline, caller, forward, headers } = this
    return { signal, deadline, caller, forward, headers }
  }

  /** The request's own, by which a target may be chosen. */
  get headers(): IncomingMessage['headers'] {
    return this.#raw.headers
  }

  /** Whether nobody is there to be answered any more. */
  get abandoned(): boolean {
    return this.#left
  }

  /** Calls back when all is there that is sent at once: a client slow to send a small body must not hold a slot meanwhile. */
  whenReady(go: () => void): void {
    const length = bodyLength(this.#raw)
    if (!isSmall(length) || length > this.#route.maxBodyBytes) return go()
    this.whenWhole(go, go)
  }

  /** Calls back with the whole body, null for none, for who has to see it before it is sent; `tooMuch` past the route's bound. */
  whenWhole(go: (body: Buffer | null) => void, tooMuch: (problem: Problem) => void): void {
    const limit = this.#route.maxBodyBytes
    const length = bodyLength(this.#raw)
    if (length === 'none') return go(null)
    if (length !== undefined && length > limit) return tooMuch(tooLarge(limit))
    readWhole(this.#raw, {
      limit,
      done: (body) => {
        this.#whole = body
        go(body)
      },
      tooMuch: () => tooMuch(tooLarge(limit)),
    })
  }

  /** Whether it may be passed on a second time: asked for once or twice is the same, and its body is still there. */
  get mayRepeat(): boolean {
    const { method, headers } = this.#raw
    const asWell = safe.has(method as string) || headers['idempotency-key'] !== undefined
    return asWell && this.#body === undefined && !this.#response.headersSent
  }

  /** Whether another service may be asked for the same: after this problem, or where this service has answered. */
  mayGoElsewhere(problem?: Problem): boolean {
    if (this.mayRepeat) return true
    return problem !== undefined && this.#body === undefined && (problem.refused || neverSent(problem))
  }

  /** The same request on its way to another service. */
  elsewhere(route: ProxyRoute, way: Way, replaces: () => boolean): Lane {
    const lane = new Lane(route, way, {
      request: this.request,
      reply: this.#reply,
      replaces,
      mask: this.#mask,
    })
    lane.#whole = this.#whole
    return lane
  }

  /** Its body as far as it is in memory: null for none, undefined where it is streamed. */
  get wholeBody(): Buffer | null | undefined {
    return bodyLength(this.#raw) === 'none' ? null : this.#whole
  }

  /**
   * Passes the request on. Resolves when the whole answer is with the client's socket; rejects with a Problem, after
   * which it may be run again as long as nothing of an answer is out.
   */
  run(context: CallContext): Promise<Reply<void>> {
    const { targets } = this.#way
    const budgetMs = context.deadline - targets.now()
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#context = context
      this.#running = true
      this.#settled = false
      this.#held = undefined
      if (this.#left) return this.#fail(this.#cancelled())
      const length = bodyLength(this.#raw)
      if (typeof length === 'number' && length > this.#route.maxBodyBytes)
        return this.#fail(tooLarge(this.#route.maxBodyBytes))
      if (length === 'none') this.#dispatch(null, budgetMs)
      else if (this.#whole !== undefined) this.#dispatch(this.#whole, budgetMs)
      else {
        this.#body ??= new RequestBody(this.#raw, {
          length,
          limit: this.#route.maxBodyBytes,
          onProgress: () => this.#limit?.refresh(),
        })
        this.#dispatch(this.#body, budgetMs)
      }
    })
  }

  #dispatch(body: Buffer | RequestBody | null, budgetMs: number): void {
    if (this.#settled) return
    const method = this.#raw.method as string
    const host = upstreamHost(this.request, this.#route)
    const headers = upstreamHeaders(this.request, this.#route, this.#way.introduction)
    this.#limit = new TimeLimit(Math.min(this.#route.timeoutMs, budgetMs), this)
    const { targets, affinity } = this.#way
    this.#sending = new Sending(
      targets,
      {
        method,
        path: upstreamUrl(this.request, this.#route),
        headers: this.#mask?.masker === undefined ? headers : askForWhole(headers, method),
        host,
        body,
        repeatable: body === null && safe.has(method),
      },
      { handler: this, wish: affinity?.(this), tried: this.#context.tried },
    )
    this.#sending.start()
  }

  onHead(head: ResponseHead): void {
    const { status, headers } = head
    this.#limit?.end()
    if (isFailureStatus(status) && (this.mayRepeat || this.#replaces !== undefined)) {
      const problem = statusProblem(this.#route.service, status, { retryAfter: head.get('retry-after') })
      const again = this.mayRepeat && this.#context.wouldTryAgain?.(problem) === true
      if (again || this.#replaces?.(this) === true) return this.#fail(problem)
    }
    const answer = responseHeaders(headers)
    if (answer === undefined) return this.#fail(badGateway(this.#route.service.name, 'answered with invalid headers'))
    clientLocation(answer.headers, this.#route)
    this.#copy?.onHead(status, answer.headers)
    if (status >= 400) storeNoRefusal(answer.headers, status)
    const { masker, personal = false, maxBytes = 0 } = this.#mask ?? {}
    const shown = personal ? personalHeaders(answer.headers) : answer.headers
    if (masker !== undefined) {
      this.#held = new HeldAnswer({ status, headers: shown, method: this.#raw.method as string }, { masker, maxBytes })
      const { mistake } = this.#held
      if (mistake !== undefined) return this.#fail(badGateway(this.#route.service.name, mistake))
      this.#silence = setTimeout(onSilence, silenceMs, this)
      return undefined
    }
    this.#response.writeHead(status, clientHeaders(shown, this.#reply))
    this.#declared = answer.contentLength
    queueMicrotask(() => this.#onBegun())
  }

  onHints({ headers }: ResponseHead): void {
    if (this.#route.earlyHints !== true || this.#settled) return
    const masker = this.#mask?.masker
    passHints(this.#response, masker === undefined ? headers : maskedHeaders(headers, masker))
  }

  /** The answer is not all there yet. Its head waits for no chunk that did not come with it: the service may be slow. */
  #onBegun(): void {
    if (this.#settled) return
    if (this.#received === 0) this.#response.flushHeaders()
    this.#silence = setTimeout(onSilence, silenceMs, this)
  }

  onData(chunk: Buffer): boolean {
    const response = this.#response
    if (this.#held !== undefined) return this.#hold(this.#held, chunk)
    this.#received += chunk.length
    this.#copy?.onData(chunk)
    this.#silence?.refresh()
    if (this.#received === this.#declared) response.end(chunk)
    else {
      const mayGoOn = response.write(chunk)
      // Node holds writes back to the end of this turn: written at once, the chunk's memory is free for the next read.
      response.socket?.uncork()
      if (!mayGoOn && response.writableLength > 0) this.#holdBack()
    }
    return response.writableLength === 0
  }

  #hold(held: HeldAnswer, chunk: Buffer): boolean {
    this.#silence?.refresh()
    if (this.#settled) return true
    if (!held.add(chunk)) this.#fail(badGateway(this.#route.service.name, tooLargeToMask))
    return true
  }

  /** Sends what was held, masked; fails where it cannot be, and then nothing of it is out. */
  #release(held: HeldAnswer): boolean {
    try {
      const { headers, body } = held.whole()
      this.#response.writeHead(held.status, clientHeaders(headers, this.#reply))
      this.#response.end(body)
      return true
    } catch (error) {
      this.#fail(badGateway(this.#route.service.name, 'gave an answer that cannot be masked', error))
      return false
    }
  }

  /** Only to a client that says it takes them (RFC 9110 §6.5.1), behind a body whose end is told by chunks or frames. */
  #passTrailers(trailers: readonly string[]): void {
    const { te } = this.#raw.headers
    if (
      te === undefined ||
      !takesTrailers.test(String(te)) ||
      this.#declared !== undefined ||
      this.#response.writableEnded
    )
      return
    if (this.#raw.httpVersion === '1.0') return
    const passed = clientTrailers(trailers)
    if (passed.length > 0) this.#response.addTrailers(Object.fromEntries(passed))
  }

  #holdBack(): void {
    this.#sending?.pause()
    // What was on its way still comes.
    if (this.#heldBack) return
    this.#heldBack = true
    this.#response.once('drain', () => {
      this.#heldBack = false
      this.#sending?.resume()
    })
  }

  onEnd(trailers?: readonly string[]): void {
    if (this.#settled) return
    if (this.#held !== undefined && !this.#release(this.#held)) return
    this.#settled = true
    clearTimeout(this.#silence)
    this.#copy?.onEnd()
    if (trailers !== undefined && this.#held === undefined) this.#passTrailers(trailers)
    if (!this.#response.writableEnded) this.#response.end()
    this.#resolve({ output: undefined, status: this.#response.statusCode })
  }

  onError(error: WireError): void {
    this.#fail(connectionProblem(this.#route.service.name, error))
  }

  /** The service has had its time. A body still on its way is waited for as long as it is the client who lags. */
  onTime(): void {
    const body = this.#body
    if (body !== undefined && !body.over && !body.heldBack && this.#sending?.sent === true) this.#limit?.refresh()
    else this.#fail(deadlineProblem(this.#route.service.name), true)
  }

  /** Nothing came for long; a client that lags is not waited for by this. */
  onSilence(): void {
    if (this.#heldBack) this.#silence?.refresh()
    else this.#fail(deadlineProblem(this.#route.service.name), true)
  }

  #onClose(): void {
    if (this.#settled || this.#response.writableFinished) return
    this.#left = true
    this.#aborter?.abort()
    if (this.#running) this.#fail(this.#cancelled())
  }

  /** It will not be run again: what is left of the request's body is nobody's. */
  giveUp(): void {
    this.#body?.stop()
  }

  #cancelled(): Problem {
    return abortProblem(this.signal, this.#route.service.name)
  }

  #fail(problem: Error, late = false): void {
    if (this.#settled) return
    this.#settled = true
    this.#limit?.end()
    clearTimeout(this.#silence)
    this.#reject(problem)
    this.#sending?.abort(late)
  }
}

const takesTrailers = /(?:^|,)\s*trailers\s*(?:,|;|$)/i

// One function for all timers, so that a request makes no closure for its own.
const onSilence = (lane: Lane): void => lane.onSilence()
