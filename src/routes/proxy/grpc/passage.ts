import type { IncomingMessage } from 'node:http'
import { type ClientHttp2Stream, constants, type Http2ServerResponse, type ServerHttp2Stream } from 'node:http2'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../../kernel/clock.ts'
import { codes } from '../../../kernel/code.ts'
import { whenClosed } from '../../../kernel/ending.ts'
import { grpcMessage, grpcTimeout, grpcTimeoutMs } from '../../../kernel/grpc.ts'
import type { Problem } from '../../../kernel/problem.ts'
import { Aborter, type Signal } from '../../../kernel/signal.ts'
import type { CallContext, Reply } from '../../../services/call.ts'
import type { GrpcFailure } from '../../../services/grpc/client/failure.ts'
import type { PassedCall, PassOn } from '../../../services/grpc/client/pass.ts'
import { outcomeOf, problemOfFailure } from '../../../services/grpc/client/status.ts'
import {
  brokenFailure,
  endingOf,
  foreignFailure,
  noStatusFailure,
} from '../../../services/grpc/client/wire/response.ts'
import { abortProblem, deadlineProblem } from '../../../services/guards/aborted.ts'
import { requestHeaders, responseHeaders } from '../../../services/rest/headers.ts'
import { badGateway } from '../../../services/rest/problems.ts'
import { clientHeaders } from '../translate.ts'
import type { GrpcRoute } from './compile.ts'

type Http2Request = IncomingMessage & { readonly stream: ServerHttp2Stream }

/** How calls get to the service, and what ends them. */
export type GrpcWay = { readonly passOn: PassOn; readonly clock: Clock; readonly stop: Signal }

/** The longest time that a timer can have. */
const longestMs = 2_147_483_647

/**
 * One native gRPC call on its way through: metadata, messages and trailers both ways as they come, of all four kinds,
 * neither faster than its reader. Messages are never put together: memory holds what HTTP/2's windows let through.
 */
export class Passage {
  readonly context: CallContext
  readonly #route: GrpcRoute
  readonly #way: GrpcWay
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #raw: Http2Request
  readonly #response: Http2ServerResponse
  readonly #aborter = new Aborter()
  readonly #timer: NodeJS.Timeout | undefined
  readonly #onStop = (): void => this.#aborter.abort(this.#way.stop.reason)
  #call: PassedCall | undefined
  #trailers: readonly string[] | undefined
  #settled = false
  #left = false

  constructor(route: GrpcRoute, way: GrpcWay, { request, reply }: { request: FastifyRequest; reply: FastifyReply }) {
    this.#route = route
    this.#way = way
    this.#request = request
    this.#reply = reply
    this.#raw = request.raw as Http2Request
    this.#response = reply.raw as unknown as Http2ServerResponse
    const deadline = this.#deadline()
    const left = deadline - way.clock.now()
    if (left < longestMs)
      this.#timer = setTimeout(() => this.#aborter.abort(deadlineProblem(route.service.name)), Math.max(0, left))
    if (!this.#isUnary) way.stop.addEventListener('abort', this.#onStop)
    this.context = { signal: this.#aborter, deadline, caller: request.caller, forward: {}, headers: request.headers }
    whenClosed(reply.raw, () => this.#onClose())
  }

  /**
   * Passes the call on. Resolves when the service's answer is with the client, whatever its status if it is one of
   * success; rejects with a Problem else, also where the client has the service's own answer already.
   */
  async run(context: CallContext): Promise<Reply<void>> {
    const headers = this.#metadata(context.deadline)
    this.#call = await this.#way.passOn({ path: this.#request.canonicalPath, headers }, context)
    const { stream } = this.#call
    return new Promise((resolve, reject) => {
      const settle = (failure?: GrpcFailure): void => {
        if (this.#settled) return
        this.#end(failure === undefined ? 'success' : outcomeOf(failure))
        if (failure === undefined) resolve({ output: undefined, status: 200 })
        else reject(problemOfFailure(this.#route.service, failure))
      }
      const onAbort = (): void => {
        if (this.#settled) return
        const problem = abortProblem(context.signal, this.#route.service.name)
        this.#end(problem.code === 'DEADLINE_EXCEEDED' ? 'failure' : 'unknown')
        reject(problem)
      }
      stream.on('response', (_headers, flags, lines: string[]) => {
        const foreign = foreignFailure(lines)
        const answer = responseHeaders(withoutPseudo(lines))
        if (foreign !== undefined) return settle(foreign)
        if (answer === undefined) {
          this.#end('failure')
          return reject(badGateway(this.#route.service.name, 'answered with invalid headers'))
        }
        if (this.#settled) return
        const ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
        this.#begin(clientHeaders(answer.headers, this.#reply), ended)
        if (ended) {
          this.#trailers = lines
          settle(failureIn(lines))
        } else stream.pipe(this.#response, { end: false })
      })
      stream.on('trailers', (_trailers, _flags, lines: string[]) => {
        this.#trailers = lines
      })
      stream.on('end', () => {
        if (this.#settled || this.#trailers === undefined) return
        this.#finish(this.#trailers)
        settle(failureIn(this.#trailers))
      })
      // A reset is told by its code when the stream has closed.
      stream.on('error', ignored)
      stream.on('close', () => settle(this.#failureOfClose(stream)))
      if (context.signal.aborted) return onAbort()
      context.signal.addEventListener('abort', onAbort)
      this.#raw.pipe(stream)
    })
  }

  /** Ends the answer with a problem, where one has begun; where the client has its answer or is gone, nothing is left to do. */
  fail(problem: Problem): 'unanswered' | 'answered' {
    this.#end('unknown')
    if (this.#left || this.#response.writableEnded) return 'answered'
    if (!this.#response.headersSent) return 'unanswered'
    this.#finish(['grpc-status', String(codes[problem.code].grpc), 'grpc-message', grpcMessage(problem.message)])
    return 'answered'
  }

  get #isUnary(): boolean {
    return this.#route.unary.has(this.#request.canonicalPath)
  }

  /** A unary call has the time of one, within the request's budget; a stream as long as its client gives it. */
  #deadline(): number {
    const now = this.#way.clock.now()
    const asked = now + grpcTimeoutMs(this.#raw.headers['grpc-timeout'])
    return this.#isUnary ? Math.min(asked, this.#request.deadline, now + this.#route.timeoutMs) : asked
  }

  #metadata(deadline: number): string[] {
    const { service } = this.#route
    const request = this.#request
    const headers = requestHeaders(without(this.#raw.rawHeaders, 'grpc-timeout'), {
      forwardedFor: request.ips === undefined ? request.ip : request.ips.toReversed().join(', '),
      proto: request.protocol,
      host: request.host,
      version: this.#raw.httpVersion,
      credentials: service.identity === 'forward',
    })
    const left = deadline - this.#way.clock.now()
    return Number.isFinite(left) ? [...headers, 'grpc-timeout', grpcTimeout(left)] : headers
  }

  #begin(headers: readonly string[], ended: boolean): void {
    // Headers and their end go in one frame only where the end is known with them.
    if (!ended) return void this.#response.writeHead(200, [...headers] as never)
    for (let i = 0; i < headers.length; i += 2) this.#response.removeHeader(headers[i] as string)
    for (let i = 0; i < headers.length; i += 2)
      this.#response.appendHeader(headers[i] as string, headers[i + 1] as string)
    this.#response.end()
  }

  #finish(trailers: readonly string[]): void {
    const lists = new Map<string, string[]>()
    for (let i = 0; i < trailers.length; i += 2) {
      const name = trailers[i] as string
      const list = lists.get(name)
      if (list === undefined) lists.set(name, [trailers[i + 1] as string])
      else list.push(trailers[i + 1] as string)
    }
    this.#response.addTrailers(
      Object.fromEntries([...lists].map(([name, list]) => [name, list.length === 1 ? list[0] : list])),
    )
    this.#response.end()
    // A client that still sends is told that nobody reads any more (RFC 9113 §8.1).
    if (!this.#raw.complete) this.#response.once('finish', () => this.#raw.stream.close())
  }

  #failureOfClose(stream: ClientHttp2Stream): GrpcFailure {
    const { rstCode } = stream
    return rstCode === 0 ? noStatusFailure() : brokenFailure(`The stream was reset with code ${rstCode}.`)
  }

  #onClose(): void {
    if (this.#settled || this.#response.writableFinished) return
    this.#left = true
    this.#aborter.abort()
  }

  /** Lets go of everything; a call that is not over is called off. */
  #end(outcome: Parameters<PassedCall['ended']>[0]): void {
    if (this.#settled) return
    this.#settled = true
    clearTimeout(this.#timer)
    this.#way.stop.removeEventListener('abort', this.#onStop)
    const call = this.#call
    if (call === undefined) return
    call.ended(outcome)
    call.stream.unpipe(this.#response)
    this.#raw.unpipe(call.stream)
    if (!call.stream.closed)
      call.stream.close(this.#trailers === undefined ? constants.NGHTTP2_CANCEL : constants.NGHTTP2_NO_ERROR)
  }
}

/** What lines that end a call say of it; undefined where it ended well. */
const failureIn = (lines: readonly string[]): GrpcFailure | undefined => {
  const ending = endingOf(lines)
  if (ending === undefined) return noStatusFailure()
  return ending instanceof Error ? ending : undefined
}

const withoutPseudo = (lines: readonly string[]): readonly string[] => {
  let at = 0
  while (lines[at]?.startsWith(':') === true) at += 2
  return lines.slice(at)
}

const without = (lines: readonly string[], name: string): readonly string[] =>
  lines.filter((_line, i) => lines[i - (i % 2)] !== name)

const ignored = (): void => undefined
