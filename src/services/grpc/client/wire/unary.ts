import type { Clock } from '../../../../kernel/clock.ts'
import type { Call, CallContext, Reply } from '../../../call.ts'
import { abortProblem } from '../../../guards/aborted.ts'
import type { GrpcService } from '../../../service.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Endpoints } from '../endpoints.ts'
import type { GrpcAnswer, GrpcRequest, MetadataEntries } from '../exchange.ts'
import { GrpcFailure } from '../failure.ts'
import { metadataOf } from '../request.ts'
import { grpcStatus, problemOfFailure, tooLargeToSend } from '../status.ts'
import { AnswerReader, type AnswerTaker } from './answer.ts'
import { authorityOf } from './connect.ts'
import { WireConnection } from './connection.ts'

/** What calls of one service are made with. */
export type Connection = {
  readonly service: GrpcService
  readonly endpoints: Pick<Endpoints, 'pick'>
  readonly clock: Clock
}

/**
 * Unary calls over our own HTTP/2 sessions, without guards: a little more than a third of what a call costs through
 * grpc-js (`node bench/grpc-client.ts`). The context's deadline is sent on; that it ends the call here is left to the
 * guard that aborts the signal then.
 */
export const wireUnary =
  (connection: Connection, path: string): Call<GrpcRequest, GrpcAnswer> =>
  (input, context) =>
    new Promise((resolve, reject) => {
      const { service } = connection
      if (context.signal.aborted) throw abortProblem(context.signal, service.name)
      if (input.message.length > service.maxRequestBytes) throw tooLargeToSend(service.name)
      const metadata = metadataOf(service, input.metadata, context)
      new WireCall({ connection, path, context, message: input.message, metadata }, { resolve, reject }).start()
    })

type Asked = {
  readonly connection: Connection
  readonly path: string
  readonly context: CallContext
  readonly message: Buffer
  readonly metadata: MetadataEntries
}

type Waiting = { readonly resolve: (reply: Reply<GrpcAnswer>) => void; readonly reject: (problem: unknown) => void }

/** A call that reached nobody is tried again elsewhere, so often in all. */
const mostAttempts = 3

class WireCall implements AnswerTaker {
  readonly #asked: Asked
  readonly #waiting: Waiting
  #attempts = 0
  #over = false
  #using: WireConnection | undefined
  #reader: AnswerReader | undefined

  constructor(asked: Asked, waiting: Waiting) {
    this.#asked = asked
    this.#waiting = waiting
  }

  start(): void {
    this.#asked.context.signal.addEventListener('abort', this)
    this.#attempt()
  }

  answered(answer: GrpcAnswer): void {
    this.#end()
    this.#waiting.resolve({ output: answer, status: 200 })
  }

  failed(failure: GrpcFailure): void {
    this.#letGo()
    if (failure.kind === 'unreached' && this.#attempts < mostAttempts && !this.#over) this.#attempt()
    else this.#fail(problemOfFailure(this.#asked.connection.service, failure))
  }

  /** The signal aborts. */
  handleEvent(): void {
    this.#reader?.cancel()
    const { context, connection } = this.#asked
    this.#fail(abortProblem(context.signal, connection.service.name))
  }

  #attempt(): void {
    this.#attempts += 1
    try {
      const picked = this.#asked.connection.endpoints.pick()
      if (picked instanceof Promise) picked.then(this.#take, this.#thrown)
      else this.#take(picked)
    } catch (thrown) {
      this.#thrown(thrown)
    }
  }

  readonly #take = (endpoint: Endpoint): void => {
    if (this.#over) return
    try {
      const taken = endpoint.link.take()
      if (taken instanceof WireConnection) this.#send(taken, endpoint)
      else taken.then((connection) => this.#send(connection, endpoint), this.#thrown)
    } catch (thrown) {
      this.#thrown(thrown)
    }
  }

  readonly #thrown = (thrown: unknown): void => {
    if (thrown instanceof GrpcFailure) this.failed(thrown)
    else this.#fail(thrown)
  }

  #send(using: WireConnection, { address }: Endpoint): void {
    if (this.#over) {
      using.end()
      return
    }
    this.#using = using
    const { connection, message } = this.#asked
    const { service } = connection
    const authority = service.tls?.serverName ?? authorityOf(address.name, address.port)
    let stream: ReturnType<WireConnection['session']['request']>
    try {
      stream = using.session.request(this.#headers(authority))
    } catch (cause) {
      // The session ended in the meantime.
      this.failed(new GrpcFailure('unreached', grpcStatus.unavailable, 'The session takes no more calls.', { cause }))
      return
    }
    this.#reader = new AnswerReader(stream, this, service.maxAnswerBytes)
    if (message.length <= mostCopied) stream.end(framed(message))
    else {
      stream.write(prefixOf(message))
      stream.end(message)
    }
  }

  /** A list rather than an object: Node sends it as it is, for a third less than it takes to check an object. */
  #headers(authority: string): readonly string[] {
    const { connection, path, context, metadata } = this.#asked
    const headers = [
      ':method',
      'POST',
      ':scheme',
      connection.service.tls === undefined ? 'http' : 'https',
      ':authority',
      authority,
      ':path',
      path,
      'te',
      'trailers',
      'content-type',
      'application/grpc',
      'user-agent',
      'portico',
      'grpc-accept-encoding',
      'identity',
    ]
    const left = context.deadline - connection.clock.now()
    if (Number.isFinite(left)) headers.push('grpc-timeout', timeoutText(left))
    for (const [name, value] of metadata) headers.push(name, value)
    return headers
  }

  #letGo(): void {
    this.#using?.end()
    this.#using = undefined
    this.#reader = undefined
  }

  #end(): void {
    this.#over = true
    this.#letGo()
    this.#asked.context.signal.removeEventListener('abort', this)
  }

  #fail(problem: unknown): void {
    if (this.#over) return
    this.#end()
    this.#waiting.reject(problem)
  }
}

/** Copying is cheaper than one more write up to about here. */
const mostCopied = 16_384

/** A message behind its flag (not compressed) and length. */
const framed = (message: Buffer): Buffer => {
  const bytes = Buffer.allocUnsafe(5 + message.length)
  bytes[0] = 0
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, 5)
  return bytes
}

const prefixOf = (message: Buffer): Buffer => {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return prefix
}

/** At most eight digits and a unit. */
const timeoutText = (milliseconds: number): string => {
  const whole = Math.max(1, Math.ceil(milliseconds))
  return whole < 100_000_000 ? `${whole}m` : `${Math.min(Math.ceil(whole / 1_000), 99_999_999)}S`
}
