import type { Clock } from '../../../../kernel/clock.ts'
import type { Problem } from '../../../../kernel/problem.ts'
import type { CallContext } from '../../../call.ts'
import { abortProblem } from '../../../guards/aborted.ts'
import type { Introduction } from '../../../identity/introduction.ts'
import type { GrpcService } from '../../../service.ts'
import type { ReadWish } from '../../../targets/affinity.ts'
import { NoTarget, type TargetSet } from '../../../targets/set.ts'
import type { Outcome, Target } from '../../../targets/target.ts'
import type { Endpoint } from '../endpoint.ts'
import type { MetadataEntries } from '../exchange.ts'
import { GrpcFailure } from '../failure.ts'
import { failureOfTarget, grpcStatus, outcomeOf, problemOfFailure } from '../status.ts'
import { WireConnection } from './connection.ts'
import type { WireReader } from './reader.ts'
import { framed } from './request.ts'

/** What calls of one service are made with. */
export type Connection = {
  readonly service: GrpcService
  readonly targets: Pick<TargetSet<Endpoint>, 'pick' | 'began' | 'ended'>
  /** Reads what keeps calls together. */
  readonly affinity?: ReadWish | undefined
  readonly clock: Clock
  /** What the service is told of the caller; nothing where undefined. */
  readonly introduction?: Introduction | undefined
}

/** Where a call goes, and what goes with its message. */
export type Asked = {
  readonly connection: Connection
  readonly path: string
  readonly context: CallContext
  readonly metadata: MetadataEntries
}

const nothing = Buffer.alloc(0)

/** A call that reached nobody is tried again elsewhere, so often in all. */
const mostAttempts = 3

/**
 * A call of one message on its way: it picks an endpoint, takes a connection, sends the message, and begins again
 * where it reached nobody. What comes back is read by whoever extends it.
 */
export abstract class WireCall {
  readonly #asked: Asked
  #message: Buffer = nothing
  #attempts = 0
  #over = false
  #target: Target<Endpoint> | undefined
  #startedAt = 0
  #tried: object[] | undefined
  #using: WireConnection | undefined
  #readsBefore = 0
  #reader: WireReader | undefined

  constructor(asked: Asked) {
    this.#asked = asked
    this.#tried = asked.context.tried
    asked.context.signal.addEventListener('abort', this)
  }

  /** Reads the answer; the reader tells this call how it ended. */
  protected abstract read(service: GrpcService): WireReader

  /** Whether how long it takes says how fast its target is. */
  protected abstract readonly timed: boolean

  /** Told once, of a call that failed. */
  protected abstract ended(problem: unknown): void

  start(message: Buffer): void {
    this.#message = message
    this.#attempt()
  }

  failed(failure: GrpcFailure): void {
    const target = this.#target
    this.#settle(outcomeOf(failure))
    this.#letGo()
    if (failure.kind === 'unreached' && this.#attempts < mostAttempts && !this.#over) {
      this.#tried ??= target === undefined ? undefined : [target]
      this.#attempt()
    } else this.#fail(problemOfFailure(this.#asked.connection.service, failure))
  }

  /** The signal aborts. */
  handleEvent(): void {
    this.stop(this.abortProblem())
  }

  protected abortProblem(): Problem {
    const { context, connection } = this.#asked
    return abortProblem(context.signal, connection.service.name)
  }

  /** Ends the call from our side. */
  protected stop(problem: Problem): void {
    this.#settle(problem.code === 'DEADLINE_EXCEEDED' ? 'failure' : 'unknown')
    const using = this.#using
    this.#reader?.cancel()
    // A connection whose other end is gone without a word is silent, and so would be every call on it.
    if (problem.code === 'DEADLINE_EXCEEDED' && using?.reads === this.#readsBefore) using.doubt()
    this.#fail(problem)
  }

  /** The call is over: gives its connection back and forgets the signal. */
  protected finish(): void {
    this.#over = true
    this.#settle('success')
    this.#letGo()
    this.#asked.context.signal.removeEventListener('abort', this)
  }

  #attempt(): void {
    this.#attempts += 1
    try {
      const { connection, context } = this.#asked
      const picked = connection.targets.pick(connection.affinity?.(context), this.#tried)
      if (picked instanceof Promise) picked.then(this.#take, this.#thrown)
      else this.#take(picked)
    } catch (thrown) {
      this.#thrown(thrown)
    }
  }

  readonly #take = (target: Target<Endpoint>): void => {
    if (this.#over) return
    const { targets, clock } = this.#asked.connection
    this.#target = target
    this.#tried?.push(target)
    this.#startedAt = clock.now()
    targets.began(target)
    try {
      const taken = target.link.link.take()
      if (taken instanceof WireConnection) this.#send(taken)
      else taken.then(this.#send, this.#thrown)
    } catch (thrown) {
      this.#thrown(thrown)
    }
  }

  readonly #thrown = (thrown: unknown): void => {
    if (thrown instanceof GrpcFailure) this.failed(thrown)
    else if (thrown instanceof NoTarget) this.#fail(failureOfTarget(this.#asked.connection.service, thrown))
    else this.#fail(thrown)
  }

  readonly #send = (using: WireConnection): void => {
    if (this.#over) {
      using.end()
      return
    }
    this.#using = using
    // It ended in the meantime.
    if (!using.open) {
      this.failed(new GrpcFailure('unreached', grpcStatus.unavailable, 'The connection takes no more calls.'))
      return
    }
    const { connection, path, context, metadata } = this.#asked
    const { service, clock } = connection
    this.#readsBefore = using.reads
    this.#reader = this.read(service)
    using.send({ path, clock, deadline: context.deadline, metadata }, framed(this.#message), this.#reader)
  }

  #settle(outcome: Outcome): void {
    const target = this.#target
    if (target === undefined) return
    this.#target = undefined
    const { targets, clock } = this.#asked.connection
    targets.ended(target, outcome, this.timed ? clock.now() - this.#startedAt : undefined)
  }

  #letGo(): void {
    this.#using?.end()
    this.#using = undefined
    this.#reader = undefined
  }

  #fail(problem: unknown): void {
    if (this.#over) return
    this.finish()
    this.ended(problem)
  }
}
