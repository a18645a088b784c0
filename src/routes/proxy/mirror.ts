import type { FastifyRequest } from 'fastify'
import type { Clock } from '../../kernel/clock.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import { Aborter } from '../../kernel/signal.ts'
import { TimeLimit, type Waiting } from '../../kernel/timer.ts'
import { type CallContext, guarded, type Reply } from '../../services/call.ts'
import { deadlineProblem } from '../../services/guards/aborted.ts'
import type { Introduction } from '../../services/identity/introduction.ts'
import type { RestConnector } from '../../services/rest/connector.ts'
import { connectionProblem } from '../../services/rest/problems.ts'
import { Sending } from '../../services/rest/sending.ts'
import type { WireError } from '../../services/rest/wire/error.ts'
import type { AnswerHandler } from '../../services/rest/wire/flight.ts'
import type { ResponseHead } from '../../services/rest/wire/head.ts'
import type { WireRequest } from '../../services/rest/wire/request.ts'
import { type ReadWish, readWish } from '../../services/targets/affinity.ts'
import type { Mirror, ProxyRoute } from './route.ts'
import { upstreamHeaders, upstreamHost, upstreamUrl } from './translate.ts'

/** Sends a copy of a request where its turn has come. Never throws, and nobody waits for it. */
export type Copy = (request: FastifyRequest, body: Buffer | null) => void

/** Copies of one route under way at once; past that they are left out. */
const mostUnderWay = 64

export type MirrorTools = {
  readonly connector: RestConnector
  readonly clock: Clock
  /** Told of the end of each: a code, or `left out`. */
  readonly observe: (outcome: string) => void
}

export const createMirror = ({ route, share, methods }: Mirror, { connector, clock, observe }: MirrorTools): Copy => {
  const affinity = readWish(route.service.targets)
  const call = guarded<MirrorRequest, void>(
    (input, context) => new Mirrored(input, { route, connector, context, affinity }).run(),
    connector.laneGuards({ service: route.service }),
  )
  let credit = 0
  let underWay = 0
  const ended = (outcome: string): void => {
    underWay -= 1
    observe(outcome)
  }
  const send = (request: FastifyRequest, body: Buffer | null): void => {
    const { caller, headers } = request
    const context = { signal: new Aborter(), deadline: clock.now() + route.timeoutMs, caller, forward: {}, headers }
    call(requestOf(request, { route, introduction: connector.introduction, body }), context).then(
      () => ended('OK'),
      (thrown: unknown) => ended(asProblem(thrown).code),
    )
  }
  return (request, body) => {
    if (!methods.has(request.method)) return
    credit += share
    if (credit < 1) return
    credit -= 1
    if (underWay >= mostUnderWay) return observe('left out')
    underWay += 1
    try {
      send(request, body)
    } catch (thrown) {
      ended(asProblem(thrown).code)
    }
  }
}

type MirrorRequest = Pick<WireRequest, 'method' | 'path' | 'headers' | 'host' | 'body' | 'repeatable'>

/** Read at once: the original may be over before its copy is sent. */
const requestOf = (
  request: FastifyRequest,
  {
    route,
    introduction,
    body,
  }: { readonly route: ProxyRoute; readonly introduction: Introduction; readonly body: Buffer | null },
): MirrorRequest => {
  const headers = upstreamHeaders(request, route, introduction)
  headers.push('portico-mirror', 'true')
  return {
    method: request.method,
    path: upstreamUrl(request, route),
    headers,
    host: upstreamHost(request, route),
    body,
    repeatable: false,
  }
}

type Surroundings = {
  readonly route: ProxyRoute
  readonly connector: RestConnector
  readonly context: CallContext
  readonly affinity: ReadWish | undefined
}

/** One copy on its way. Its answer is read to the end, so that the connection can be used again, and thrown away. */
class Mirrored implements AnswerHandler, Waiting {
  readonly #service: string
  readonly #timeoutMs: number
  readonly #sending: Sending
  #resolve!: (reply: Reply<void>) => void
  #reject!: (problem: Problem) => void
  #status = 0
  #limit: TimeLimit | undefined

  constructor(request: MirrorRequest, { route, connector, context, affinity }: Surroundings) {
    this.#service = route.service.name
    this.#timeoutMs = route.timeoutMs
    this.#sending = new Sending(connector.targets, request, {
      handler: this,
      wish: affinity?.(context),
      tried: context.tried,
    })
  }

  run(): Promise<Reply<void>> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#limit = new TimeLimit(this.#timeoutMs, this)
      this.#sending.start()
    })
  }

  onTime(): void {
    this.#sending.abort(true)
    this.#reject(deadlineProblem(this.#service))
  }

  onHead({ status }: ResponseHead): void {
    this.#status = status
  }

  onData(): boolean {
    return true
  }

  onEnd(): void {
    this.#limit?.end()
    this.#resolve({ output: undefined, status: this.#status })
  }

  onError(error: WireError): void {
    this.#limit?.end()
    this.#reject(connectionProblem(this.#service, error))
  }
}
