import { constants, type Http2ServerResponse } from 'node:http2'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../../kernel/clock.ts'
import { codes } from '../../../kernel/code.ts'
import { whenClosed } from '../../../kernel/ending.ts'
import { type Endings, watchEnd } from '../../../kernel/expiry.ts'
import { grpcMessage, grpcTimeout, grpcTimeoutMs } from '../../../kernel/grpc.ts'
import { Problem } from '../../../kernel/problem.ts'
import { Aborter } from '../../../kernel/signal.ts'
import { TimeLimit, type Waiting } from '../../../kernel/timer.ts'
import type { CallContext, Reply } from '../../../services/call.ts'
import type { GrpcFailure } from '../../../services/grpc/client/failure.ts'
import type { PassedCall, PassOn } from '../../../services/grpc/client/pass.ts'
import { outcomeOf, problemOfFailure } from '../../../services/grpc/client/status.ts'
import {
  brokenFailure,
  endingOf,
  foreignFailure,
  noStatusFailure,
  unprocessedFailure,
} from '../../../services/grpc/client/wire/response.ts'
import { abortProblem, deadlineProblem } from '../../../services/guards/aborted.ts'
import type { Introduction } from '../../../services/identity/introduction.ts'
import { responseHeaders } from '../../../services/rest/headers.ts'
import { badGateway } from '../../../services/rest/problems.ts'
import { clientHeaders, upstreamHeaders } from '../translate.ts'
import type { GrpcRoute } from './compile.ts'
import { Download, type Http2Request } from './download.ts'
import { Upload } from './upload.ts'

/** How calls get to the service, and what ends them. */
export type GrpcWay = {
  readonly passOn: PassOn
  readonly introduction: Introduction
  readonly clock: Clock
  /** What ends streams before they are over. */
  readonly endings: Endings
}

/** A call that a service did nothing with is made again, so often in all. */
const mostAttempts = 3

/** The longest time that a timer can have. */
const longestMs = 2_147_483_647

/**
 * One native gRPC call on its way through: metadata, messages and trailers both ways as they come, of all four kinds,
 * neither faster than its reader. Messages are never put together: memory holds what HTTP/2's windows let through.
 */
export class Passage implements Waiting {
  readonly context: CallContext
  readonly #route: GrpcRoute
  readonly #way: GrpcWay
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #raw: Http2Request
  readonly #response: Http2ServerResponse
  readonly #aborter = new Aborter()
  #limit: TimeLimit | undefined
  readonly #upload: Upload
  readonly #download: Download
  readonly #begunAt: number
  /** Of a stream: a unary call has the time of one. */
  readonly #ending: ReturnType<typeof watchEnd> | undefined
  #call: PassedCall | undefined
  #trailers: readonly string[] | undefined
  #over = false
  #left = false

  constructor(route: GrpcRoute, way: GrpcWay, { request, reply }: { request: FastifyRequest; reply: FastifyReply }) {
    this.#route = route
    this.#way = way
    this.#request = request
    this.#reply = reply
    this.#raw = request.raw as Http2Request
    this.#response = reply.raw as unknown as Http2ServerResponse
    this.#upload = new Upload(this.#raw, {
      maxMessageBytes: route.maxMessageBytes,
      tooLarge: (bytes) => this.#aborter.abort(messageTooLarge(bytes, route)),
    })
    this.#begunAt = way.clock.now()
    this.#download = new Download(this.#response)
    const deadline = this.#deadline()
    this.#until(deadline)
    if (!this.#isUnary) {
      const ending = watchEnd(request.caller, way.endings)
      const end = (): void => this.#aborter.abort(ending.signal.reason)
      if (ending.signal.aborted) end()
      else ending.signal.addEventListener('abort', end)
      this.#ending = ending
    }
    this.context = { signal: this.#aborter, deadline, caller: request.caller, forward: {}, headers: request.headers }
    whenClosed(reply.raw, () => this.#onClose())
  }

  /**
   * Passes the call on, again where a service says that it did nothing with it. Resolves when the service's answer is
   * with the client, whatever its status if it is one of success; rejects with a Problem else, also where the client has
   * the service's own answer already.
   */
  async run(context: CallContext): Promise<Reply<void>> {
    const { service } = this.#route
    if (context.deadline < this.context.deadline) this.#until(context.deadline)
    const tracked = { ...context, tried: [] }
    for (let left = mostAttempts - 1; ; left -= 1) {
      const request = { path: this.#request.canonicalPath, headers: this.#metadata(context.deadline) }
      this.#call = await this.#way.passOn(request, tracked)
      const failure = await this.#through(this.#call, context)
      if (failure === undefined) return { output: undefined, status: 200 }
      const again = failure.kind === 'unreached' && left > 0 && this.#upload.repeatable && !this.#over
      if (!again) throw problemOfFailure(service, failure)
    }
  }

  /** One try: resolves with how it failed, undefined where it did not; rejects with a Problem where it was called off. */
  #through(call: PassedCall, context: CallContext): Promise<GrpcFailure | undefined> {
    const { stream } = call
    return new Promise((resolve, reject) => {
      const settle = (failure?: GrpcFailure): void => {
        if (this.#letGo(failure === undefined ? 'success' : outcomeOf(failure))) resolve(failure)
        context.signal.removeEventListener('abort', onAbort)
      }
      const onAbort = (): void => {
        const problem = abortProblem(context.signal, this.#route.service.name)
        const late = problem.code === 'DEADLINE_EXCEEDED'
        if (late || this.#nearlyOver(context.deadline)) call.late()
        if (this.#letGo(late ? 'failure' : 'unknown')) reject(problem)
      }
      stream.on('response', (_headers, flags, lines: string[]) => {
        if (this.#call !== call) return
        const foreign = foreignFailure(lines)
        const answer = responseHeaders(withoutPseudo(lines))
        if (foreign !== undefined) return settle(foreign)
        if (answer === undefined) {
          this.#letGo('failure')
          return reject(badGateway(this.#route.service.name, 'answered with invalid headers'))
        }
        this.#upload.settle()
        const ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
        this.#download.begin(clientHeaders(answer.headers, this.#reply), ended)
        if (ended) {
          this.#trailers = lines
          settle(failureIn(lines))
        } else stream.pipe(this.#response, { end: false })
      })
      stream.on('trailers', (_trailers, _flags, lines: string[]) => {
        this.#trailers = lines
      })
      stream.on('end', () => {
        if (this.#call !== call || this.#trailers === undefined) return
        this.#download.finish(this.#trailers)
        settle(failureIn(this.#trailers))
      })
      // A reset is told by its code when the stream has closed.
      stream.on('error', ignored)
      stream.on('close', () => settle(this.#failureOfClose(call)))
      if (context.signal.aborted) return onAbort()
      context.signal.addEventListener('abort', onAbort)
      this.#upload.to(stream)
    })
  }

  /** Ends the answer with a problem, where one has begun; where the client has its answer or is gone, nothing is left to do. */
  fail(problem: Problem): 'unanswered' | 'answered' {
    this.#end()
    if (this.#left || this.#response.writableEnded) return 'answered'
    if (!this.#response.headersSent) return 'unanswered'
    this.#download.finish([
      'grpc-status',
      String(codes[problem.code].grpc),
      'grpc-message',
      grpcMessage(problem.message),
    ])
    return 'answered'
  }

  /** A client whose own time is over leaves a little before the gateway's is. */
  #nearlyOver(deadline: number): boolean {
    return this.#way.clock.now() - this.#begunAt >= 0.9 * (deadline - this.#begunAt)
  }

  get #isUnary(): boolean {
    return this.#route.unary.has(this.#request.canonicalPath)
  }

  /** A unary call has the time of one, within the request's budget; a stream what its client and the route give it. */
  #deadline(): number {
    const now = this.#way.clock.now()
    const { timeoutMs, streamMs } = this.#route
    const asked = now + grpcTimeoutMs(this.#raw.headers['grpc-timeout'])
    return this.#isUnary ? Math.min(asked, this.#request.deadline, now + timeoutMs) : Math.min(asked, now + streamMs)
  }

  #metadata(deadline: number): string[] {
    const headers = upstreamHeaders(this.#request, this.#route, this.#way.introduction)
    const left = deadline - this.#way.clock.now()
    return Number.isFinite(left) ? [...headers, 'grpc-timeout', grpcTimeout(left)] : headers
  }

  #failureOfClose({ stream, unprocessed }: PassedCall): GrpcFailure {
    if (!this.#response.headersSent && unprocessed()) return unprocessedFailure()
    const { rstCode } = stream
    return rstCode === 0 ? noStatusFailure() : brokenFailure(`The stream was reset with code ${rstCode}.`)
  }

  #until(deadline: number): void {
    this.#limit?.end()
    const left = deadline - this.#way.clock.now()
    if (left < longestMs) this.#limit = new TimeLimit(left, this)
  }

  onTime(): void {
    if (!this.#over) this.#aborter.abort(deadlineProblem(this.#route.service.name))
  }

  #onClose(): void {
    if (this.#over || this.#response.writableFinished) return
    this.#left = true
    this.#aborter.abort()
    this.#end()
  }

  /** Ends one try, and calls it off where it is not over. Whether it had not ended before. */
  #letGo(outcome: Parameters<PassedCall['ended']>[0]): boolean {
    const call = this.#call
    if (call === undefined) return false
    this.#call = undefined
    call.ended(outcome)
    call.stream.unpipe(this.#response)
    if (outcome !== 'unreached') this.#end()
    if (!call.stream.closed)
      call.stream.close(this.#trailers === undefined ? constants.NGHTTP2_CANCEL : constants.NGHTTP2_NO_ERROR)
    return true
  }

  /** Lets go of everything that waits for the end of the call. */
  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#limit?.end()
    this.#ending?.release()
    this.#upload.stop()
  }
}

/** What lines that end a call say of it; undefined where it ended well. */
const failureIn = (lines: readonly string[]): GrpcFailure | undefined => {
  const ending = endingOf(lines)
  if (ending === undefined) return noStatusFailure()
  return ending instanceof Error ? ending : undefined
}

const messageTooLarge = (bytes: number, { maxMessageBytes }: GrpcRoute): Problem =>
  new Problem('RESOURCE_EXHAUSTED', `A message of ${bytes} bytes; this address takes ${maxMessageBytes} at most.`, {
    status: 413,
  })

const withoutPseudo = (lines: readonly string[]): readonly string[] => {
  let at = 0
  while (lines[at]?.startsWith(':') === true) at += 2
  return lines.slice(at)
}

const ignored = (): void => undefined
