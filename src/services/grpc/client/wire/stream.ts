import { asProblem, Problem } from '../../../../kernel/problem.ts'
import { TimeLimit } from '../../../../kernel/timer.ts'
import { abortProblem, deadlineProblem } from '../../../guards/aborted.ts'
import type { GrpcService } from '../../../service.ts'
import { Arrivals } from '../arrivals.ts'
import type { GrpcExchange, MetadataEntries, OpenExchange } from '../exchange.ts'
import { GrpcFailure } from '../failure.ts'
import { metadataOf } from '../request.ts'
import { tooLargeToSend } from '../status.ts'
import { type Asked, type Connection, WireCall } from './call.ts'
import { MessageReader, type MessageTaker } from './messages.ts'
import type { WireReader } from './reader.ts'

/**
 * Server streams over the same connections as unary calls, without guards: they live long and take no slot. One message
 * is sent, at once; what would come after it is refused.
 */
export const wireStream =
  (connection: Connection, path: string): OpenExchange =>
  (own, context) => {
    const { service } = connection
    if (context.signal.aborted) throw abortProblem(context.signal, service.name)
    return new StreamCall({ connection, path, context, metadata: metadataOf(connection, own, context) })
  }

class StreamCall extends WireCall implements GrpcExchange, MessageTaker {
  readonly messages: Arrivals
  protected readonly timed = false
  readonly #service: GrpcService
  readonly #headers = Promise.withResolvers<MetadataEntries>()
  readonly #trailers = Promise.withResolvers<MetadataEntries>()
  readonly #limit: TimeLimit | undefined
  #sent = false
  #over: { readonly problem: Problem | undefined } | undefined
  #reader: MessageReader | undefined

  constructor(asked: Asked) {
    super(asked)
    const { connection, context } = asked
    this.#service = connection.service
    this.messages = new Arrivals({ more: () => this.#reader?.resume(), left: () => this.#leave() })
    const left = context.deadline - connection.clock.now()
    if (Number.isFinite(left))
      this.#limit = new TimeLimit(left, { onTime: () => this.stop(deadlineProblem(connection.service.name)) })
  }

  get headers(): Promise<MetadataEntries> {
    return this.#headers.promise
  }

  get trailers(): Promise<MetadataEntries> {
    return this.#trailers.promise
  }

  send(message: Buffer): Promise<void> {
    if (this.#over !== undefined) {
      const { problem } = this.#over
      return problem === undefined ? Promise.resolve() : Promise.reject(problem)
    }
    const { name, maxRequestBytes } = this.#service
    if (message.length > maxRequestBytes) return Promise.reject(tooLargeToSend(name))
    if (this.#sent) return Promise.reject(this.#notOne())
    this.#sent = true
    this.messages.start()
    this.start(message)
    return Promise.resolve()
  }

  end(): void {
    if (!this.#sent) this.stop(this.#notOne())
  }

  cancel(): void {
    this.#breakOff(new Problem('CANCELLED', 'The call was called off.', { service: this.#service.name }))
  }

  override handleEvent(): void {
    this.#breakOff(this.abortProblem())
  }

  get asking(): boolean {
    return this.messages.asking
  }

  began(headers: MetadataEntries): void {
    this.#headers.resolve(headers)
  }

  arrived(message: Buffer): void {
    this.messages.arrived(message)
  }

  completed(trailers: MetadataEntries): void {
    this.finish()
    this.#close(undefined, trailers)
    this.messages.ended()
  }

  protected read(): WireReader {
    this.#reader = new MessageReader(this, this.#service.maxAnswerBytes)
    return this.#reader
  }

  protected ended(thrown: unknown): void {
    const problem = asProblem(thrown)
    this.#close(problem, problem.cause instanceof GrpcFailure ? problem.cause.trailers : [])
    this.messages.ended(problem)
  }

  /** Ends the call for all, at once: messages that wait are of no use any more. */
  #breakOff(problem: Problem): void {
    if (this.#over !== undefined) return
    this.messages.broken(problem)
    this.stop(problem)
  }

  /** The consumer has all it wanted. */
  #leave(): void {
    this.#reader?.cancel()
    this.finish()
    this.#close(undefined, [])
  }

  #close(problem: Problem | undefined, trailers: MetadataEntries): void {
    this.#over = { problem }
    this.#limit?.end()
    this.#headers.resolve([])
    this.#trailers.resolve(trailers)
  }

  #notOne(): Problem {
    return new Problem('INVALID_ARGUMENT', 'This method takes one message.', { service: this.#service.name })
  }
}
