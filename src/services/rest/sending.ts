import type { Socket } from 'node:net'
import { Problem } from '../../kernel/problem.ts'
import { isFailureStatus } from '../guards/failure.ts'
import type { Wish } from '../targets/affinity.ts'
import { NoTarget } from '../targets/set.ts'
import type { Outcome, Target } from '../targets/target.ts'
import type { RestTargets } from './targets.ts'
import { WireError } from './wire/error.ts'
import type { AnswerHandler, RestLink, Sent, Take } from './wire/flight.ts'
import type { ResponseHead } from './wire/head.ts'
import type { WireRequest } from './wire/request.ts'

/** A request that reached nobody is sent to another target, so often in all. */
const mostTargets = 3

/**
 * One request on its way to one of a service's targets. Where a target cannot be connected to, nothing was sent and
 * the next one gets it. Tells the target how it went.
 */
export class Sending implements AnswerHandler {
  readonly #targets: RestTargets
  readonly #request: WireRequest
  readonly #handler: AnswerHandler
  readonly #wish: Wish | undefined
  #target: Target<RestLink> | undefined
  #tried: object[] | undefined
  #times = 0
  #flight: Sent | undefined
  #startedAt = 0
  #headAfter = 0
  #status = 0
  #over = false

  constructor(
    targets: RestTargets,
    request: WireRequest,
    { handler, wish, tried }: { handler: AnswerHandler; wish: Wish | undefined; tried: object[] | undefined },
  ) {
    this.#targets = targets
    this.#request = request
    this.#handler = handler
    this.#wish = wish
    this.#tried = tried
  }

  /** Begins. The handler may be told of an error before this returns. */
  start(): void {
    let picked: Target<RestLink> | Promise<Target<RestLink>>
    try {
      picked = this.#targets.pick(this.#wish, this.#tried)
    } catch (thrown) {
      return this.#thrown(thrown)
    }
    if (picked instanceof Promise)
      picked.then(
        (target) => this.#send(target),
        (thrown: unknown) => this.#thrown(thrown),
      )
    else this.#send(picked)
  }

  /** Whether it has a connection. Nothing has been written before that. */
  get sent(): boolean {
    return this.#flight?.sent === true
  }

  /** Holds the answer back: what the last read brought still comes, at most 64 KiB. */
  pause(): void {
    this.#flight?.pause()
  }

  resume(): void {
    this.#flight?.resume()
  }

  /** Gives the exchange up. The handler is told nothing more. `late`: because the target did not answer in its time. */
  abort(late: boolean): void {
    if (this.#over) return
    this.#over = true
    this.#settle(late || isFailureStatus(this.#status) ? 'failure' : 'unknown')
    this.#flight?.abort()
  }

  onHead(head: ResponseHead): void {
    this.#status = head.status
    this.#headAfter = this.#targets.now() - this.#startedAt
    this.#handler.onHead(head)
  }

  onHints(head: ResponseHead): void {
    this.#handler.onHints?.(head)
  }

  onData(chunk: Buffer): boolean {
    return this.#handler.onData(chunk)
  }

  onEnd(trailers?: readonly string[]): void {
    this.#over = true
    this.#settle(isFailureStatus(this.#status) ? 'failure' : 'success')
    this.#handler.onEnd(trailers)
  }

  onSwitch(head: ResponseHead, socket: Socket): Take {
    const target = this.#target
    this.#over = true
    this.#settle('success')
    if (target !== undefined) {
      target.held += 1
      socket.once('close', () => {
        target.held -= 1
      })
    }
    return this.#handler.onSwitch?.(head, socket) ?? (() => true)
  }

  onError(error: WireError): void {
    if (this.#over) return
    const target = this.#target
    const unreached = error.neverSent
    this.#settle(unreached ? 'unreached' : isOurs(error) ? 'unknown' : 'failure')
    if (unreached && target !== undefined && this.#times < Math.min(mostTargets, this.#targets.targets.length)) {
      this.#tried ??= [target]
      return this.start()
    }
    this.#over = true
    this.#handler.onError(error)
  }

  #send(target: Target<RestLink>): void {
    if (this.#over) return
    this.#target = target
    this.#times += 1
    this.#tried?.push(target)
    this.#startedAt = this.#targets.now()
    this.#headAfter = 0
    this.#status = 0
    this.#targets.began(target)
    const flight = target.link.dispatch(this.#request, this)
    // Told of an error meanwhile, it may be on its way to another.
    if (this.#target === target) this.#flight = flight
  }

  #thrown(thrown: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#handler.onError(
      thrown instanceof NoTarget ? new WireError('unreachable', thrown.message, thrown) : untold(thrown),
    )
  }

  #settle(outcome: Outcome): void {
    const target = this.#target
    if (target === undefined) return
    this.#target = undefined
    this.#targets.ended(target, outcome, this.#headAfter || this.#targets.now() - this.#startedAt)
  }
}

/** Whether it failed by the request, its body or the gateway, and says nothing of the target. */
const isOurs = ({ code, cause }: WireError): boolean =>
  code === 'invalid_request' || code === 'closed' || cause instanceof Problem

const untold = (thrown: unknown): WireError => new WireError('unreachable', 'No target could be chosen.', thrown)
