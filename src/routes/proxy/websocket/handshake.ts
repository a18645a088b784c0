import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../../../kernel/problem.ts'
import { Aborter } from '../../../kernel/signal.ts'
import { TimeLimit, type Waiting } from '../../../kernel/timer.ts'
import type { CallContext, Reply } from '../../../services/call.ts'
import { abortProblem, deadlineProblem } from '../../../services/guards/aborted.ts'
import { isFailureStatus } from '../../../services/guards/failure.ts'
import { badGateway, connectionProblem, statusProblem } from '../../../services/rest/problems.ts'
import { Sending } from '../../../services/rest/sending.ts'
import type { WireError } from '../../../services/rest/wire/error.ts'
import type { AnswerHandler, Take } from '../../../services/rest/wire/flight.ts'
import type { ResponseHead } from '../../../services/rest/wire/head.ts'
import type { Way } from '../lane.ts'
import type { ProxyRoute } from '../route.ts'
import { upstreamHeaders, upstreamHost, upstreamUrl } from '../translate.ts'

/** Refuses what is no WebSocket handshake (RFC 6455 §4.2.1). Throws Problem. */
export const checkHandshake = ({ method, headers }: FastifyRequest): void => {
  const wrong = (what: string): Problem => new Problem('INVALID_ARGUMENT', `This WebSocket handshake ${what}.`)
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') throw wrong('is none')
  if (Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined)
    throw wrong('has a body')
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')) throw wrong('has no valid key')
  if (headers['sec-websocket-version'] !== '13')
    throw new Problem('INVALID_ARGUMENT', 'WebSockets of version 13 are spoken here.', {
      status: 426,
      headers: { 'sec-websocket-version': '13', upgrade: 'websocket' },
    })
}

/** What a service said: that it speaks WebSocket from here on, or something else, whole. */
export type Answered = {
  readonly head: ResponseHead
  readonly body: Buffer
  readonly socket: Socket | undefined
}

/** More of a refusal is not read. */
const mostOfRefusal = 65_536

/** The handshake with one of a service's targets. What the service sends after it goes to `take`. */
export class Handshake implements AnswerHandler, Waiting {
  readonly #route: ProxyRoute
  readonly #way: Way
  readonly #request: FastifyRequest
  readonly #onSwitch: (head: ResponseHead, socket: Socket) => Take
  readonly #gone = new Aborter()
  #context!: CallContext
  #resolve!: (reply: Reply<Answered>) => void
  #reject!: (problem: Error) => void
  #sending: Sending | undefined
  #limit: TimeLimit | undefined
  #settled = true
  #head: ResponseHead | undefined
  #chunks: Buffer[] = []
  #size = 0

  constructor(
    route: ProxyRoute,
    way: Way,
    { request, onSwitch }: { request: FastifyRequest; onSwitch: (head: ResponseHead, socket: Socket) => Take },
  ) {
    this.#route = route
    this.#way = way
    this.#request = request
    this.#onSwitch = onSwitch
  }

  context(): CallContext {
    const { deadline, caller, headers } = this.#request
    return { signal: this.#gone, deadline, caller, headers, forward: {} }
  }

  /** The client has left. */
  leave(): void {
    this.#gone.abort()
    if (!this.#settled) this.#fail(abortProblem(this.#gone, this.#route.service.name))
  }

  /** Rejects with a Problem, after which it may be run again. */
  run(context: CallContext): Promise<Reply<Answered>> {
    const { targets, affinity } = this.#way
    const route = this.#route
    return new Promise((resolve, reject) => {
      this.#context = context
      this.#resolve = resolve
      this.#reject = reject
      this.#settled = false
      this.#chunks = []
      this.#size = 0
      const withinMs = Math.min(route.timeoutMs, context.deadline - targets.now())
      this.#limit = new TimeLimit(withinMs, this)
      this.#sending = new Sending(
        targets,
        {
          method: 'GET',
          path: upstreamUrl(this.#request, route),
          headers: upstreamHeaders(this.#request, route, this.#way.introduction),
          host: upstreamHost(this.#request, route),
          body: null,
          repeatable: true,
          upgrade: 'websocket',
        },
        { handler: this, wish: affinity?.(context), tried: context.tried },
      )
      this.#sending.start()
    })
  }

  /** The service has had its time. */
  onTime(): void {
    this.#fail(deadlineProblem(this.#route.service.name), true)
  }

  onHead(head: ResponseHead): void {
    this.#head = head
    if (!isFailureStatus(head.status)) return
    const problem = statusProblem(this.#route.service, head.status, { retryAfter: head.get('retry-after') })
    if (this.#context.wouldTryAgain?.(problem) === true) this.#fail(problem)
  }

  onData(chunk: Buffer): boolean {
    this.#size += chunk.length
    if (this.#size > mostOfRefusal) this.#fail(badGateway(this.#route.service.name, 'answered more than it may'))
    else this.#chunks.push(Buffer.from(chunk))
    return true
  }

  onEnd(): void {
    this.#settle(this.#head as ResponseHead, undefined)
  }

  onError(error: WireError): void {
    this.#fail(connectionProblem(this.#route.service.name, error))
  }

  onSwitch(head: ResponseHead, socket: Socket): Take {
    const key = this.#request.headers['sec-websocket-key'] ?? ''
    if (head.get('upgrade')?.toLowerCase() !== 'websocket' || head.get('sec-websocket-accept') !== acceptOf(key)) {
      socket.destroy()
      this.#fail(badGateway(this.#route.service.name, 'switched to something else than this WebSocket'))
      return () => true
    }
    const take = this.#onSwitch(head, socket)
    this.#settle(head, socket)
    return take
  }

  #settle(head: ResponseHead, socket: Socket | undefined): void {
    if (this.#settled) return
    this.#settled = true
    this.#limit?.end()
    this.#resolve({ output: { head, socket, body: Buffer.concat(this.#chunks) }, status: head.status })
  }

  #fail(problem: Error, late = false): void {
    if (this.#settled) return
    this.#settled = true
    this.#limit?.end()
    this.#reject(problem)
    this.#sending?.abort(late)
  }
}

/** RFC 6455 §4.2.2. */
const acceptOf = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
