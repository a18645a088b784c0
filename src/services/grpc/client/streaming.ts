import type { ChannelInterface, Metadata, StatusObject } from '@grpc/grpc-js'
import type { Clock } from '../../../kernel/clock.ts'
import { grpcTimeout } from '../../../kernel/grpc.ts'
import { asProblem, Problem } from '../../../kernel/problem.ts'
import { TimeLimit, type Waiting } from '../../../kernel/timer.ts'
import type { CallContext } from '../../call.ts'
import { abortProblem, deadlineProblem } from '../../guards/aborted.ts'
import type { GrpcService } from '../../service.ts'
import { NoTarget } from '../../targets/set.ts'
import type { Outcome, Target } from '../../targets/target.ts'
import { Arrivals } from './arrivals.ts'
import type { Endpoint } from './endpoint.ts'
import type { GrpcExchange, MetadataEntries, OpenExchange } from './exchange.ts'
import { failureOf, grpcJsMetadata, metadataEntries } from './grpc-js.ts'
import { metadataOf } from './request.ts'
import { failureOfTarget, grpcStatus, outcomeOf, problemOfFailure, tooLargeToSend } from './status.ts'
import type { Connection } from './wire/call.ts'

/**
 * Streams of requests by grpc-js, without guards: they live long and take no slot. Below grpc-js' own stream objects,
 * which let sixteen messages wait whatever their size: memory must stay flat for large ones too.
 */
export const grpcJsExchange =
  (connection: Connection, path: string): OpenExchange =>
  (own, context) => {
    const { service, targets, affinity, clock } = connection
    if (context.signal.aborted) throw abortProblem(context.signal, service.name)
    const metadata = metadataOf(connection, own, context)
    const exchange = new GrpcJsExchange(connection.service, context, clock)
    const begin = (target: Target<Endpoint>): void => {
      const { client } = target.link
      const left = context.deadline - clock.now()
      const timed: MetadataEntries = Number.isFinite(left)
        ? [...metadata, ['grpc-timeout', grpcTimeout(left)]]
        : metadata
      targets.began(target)
      exchange.settled = (outcome) => targets.ended(target, outcome)
      // The service is told the time that is left; its end is seen here, where a process that was late does not blame it.
      exchange.begin(client.getChannel().createCall(path, Infinity, null, null, undefined), timed)
    }
    try {
      const picked = targets.pick(affinity?.(context), context.tried)
      if (picked instanceof Promise) picked.then(begin).catch((thrown: unknown) => exchange.fail(thrown))
      else begin(picked)
    } catch (thrown) {
      exchange.fail(thrown)
    }
    return exchange
  }

type RawCall = ReturnType<ChannelInterface['createCall']>
type Outgoing = { readonly message: Buffer; readonly sent: () => void; readonly failed: (problem: Problem) => void }

/** Bytes that may wait on their way out before a sender is held back. */
const sendAheadBytes = 65_536

class GrpcJsExchange implements GrpcExchange, Waiting {
  readonly messages: Arrivals
  readonly #service: GrpcService
  readonly #headers = Promise.withResolvers<MetadataEntries>()
  readonly #trailers = Promise.withResolvers<MetadataEntries>()
  readonly #outgoing: Outgoing[] = []
  readonly #release: () => void
  readonly #limit: TimeLimit | undefined
  /** Told how the call ended, as far as its target is concerned. */
  settled: ((outcome: Outcome) => void) | undefined
  /** Undefined until it is known where the call goes. */
  #call: RawCall | undefined
  #outgoingBytes = 0
  #sending: Outgoing | undefined
  #ending = false
  #over: { readonly problem: Problem | undefined } | undefined
  #received: Metadata | undefined

  constructor(service: GrpcService, { signal, deadline }: CallContext, clock: Clock) {
    this.#service = service
    this.messages = new Arrivals({ more: () => this.#call?.startRead(), left: () => this.#stop() })
    const onAbort = (): void => this.#stop(abortProblem(signal, service.name))
    this.#release = () => signal.removeEventListener('abort', onAbort)
    signal.addEventListener('abort', onAbort)
    const left = deadline - clock.now()
    if (Number.isFinite(left)) this.#limit = new TimeLimit(left, this)
  }

  begin(call: RawCall, metadata: MetadataEntries): void {
    // Called off while names were looked up.
    if (this.#over !== undefined) return
    this.#call = call
    call.start(grpcJsMetadata(metadata), {
      onReceiveMetadata: (received) => {
        this.#received = received
        this.#headers.resolve(metadataEntries(received))
      },
      onReceiveMessage: (message: Buffer) => this.messages.arrived(message),
      onReceiveStatus: (status) => this.#ended(status),
    })
    this.messages.start()
    this.#sendNext()
  }

  /** No call was begun. */
  fail(thrown: unknown): void {
    const problem = thrown instanceof NoTarget ? failureOfTarget(this.#service, thrown) : asProblem(thrown)
    this.#finish(problem, [])
    this.messages.ended(problem)
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
    return new Promise((resolve, reject) => {
      this.#outgoingBytes += message.length
      const held = this.#outgoingBytes > sendAheadBytes
      this.#outgoing.push({ message, sent: held ? resolve : ignored, failed: held ? reject : ignored })
      this.#sendNext()
      if (!held) resolve()
    })
  }

  end(): void {
    if (this.#ending) return
    this.#ending = true
    this.#sendNext()
  }

  cancel(): void {
    this.#stop(new Problem('CANCELLED', 'The call was called off.', { service: this.#service.name }))
  }

  /** One message at a time: grpc-js takes the next when it has let go of the one before. */
  #sendNext(): void {
    const call = this.#call
    if (call === undefined || this.#sending !== undefined || this.#over !== undefined) return
    const next = this.#outgoing.shift()
    if (next === undefined) {
      if (this.#ending) call.halfClose()
      return
    }
    this.#sending = next
    const callback = (): void => {
      this.#sending = undefined
      this.#outgoingBytes -= next.message.length
      next.sent()
      this.#sendNext()
    }
    call.sendMessageWithContext({ callback }, next.message)
  }

  #ended(status: StatusObject): void {
    const failure = status.code === grpcStatus.ok ? undefined : failureOf(status, this.#received)
    const problem = failure && problemOfFailure(this.#service, failure)
    this.#settle(failure === undefined ? 'success' : outcomeOf(failure))
    this.#finish(problem, metadataEntries(status.metadata))
    this.messages.ended(problem)
  }

  onTime(): void {
    if (this.#over !== undefined) return
    const problem = deadlineProblem(this.#service.name)
    this.#call?.cancelWithStatus(grpcStatus.cancelled, problem.message)
    this.#settle('failure')
    this.#finish(problem, [])
    this.messages.ended(problem)
  }

  /** Ends the call from our side; without a problem, because the consumer has all it wanted. */
  #stop(problem?: Problem): void {
    if (this.#over !== undefined) return
    this.#call?.cancelWithStatus(grpcStatus.cancelled, 'Nobody waits any more.')
    this.#finish(problem, [])
    if (problem !== undefined) this.messages.broken(problem)
  }

  #settle(outcome: Outcome): void {
    this.settled?.(outcome)
    this.settled = undefined
  }

  #finish(problem: Problem | undefined, trailers: MetadataEntries): void {
    if (this.#over !== undefined) return
    this.#over = { problem }
    this.#settle('unknown')
    this.#release()
    this.#limit?.end()
    this.#headers.resolve([])
    this.#trailers.resolve(trailers)
    const waiting = this.#sending === undefined ? [] : [this.#sending]
    for (const { sent, failed } of [...waiting, ...this.#outgoing.splice(0)]) {
      if (problem === undefined) sent()
      else failed(problem)
    }
  }
}

const ignored = (): void => undefined
