import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ExecutionResult } from '../../graph/execute/execute.ts'
import { abortable } from '../../kernel/abort.ts'
import { eventStream } from '../../kernel/event-stream.ts'
import { maskProblem } from '../../kernel/mask/errors.ts'
import { asProblem, type Problem, problemJson } from '../../kernel/problem.ts'
import { Aborter, type Signal } from '../../kernel/signal.ts'
import { type EventTools, eventsOf } from '../events.ts'
import type { Slots } from '../slots.ts'
import { writeEvents } from '../write-events.ts'
import { endpointAnswer } from './answer.ts'
import type { EndpointPlan } from './endpoint.ts'

export type StreamTools = EventTools & {
  readonly slots: Slots
  /** Aborts with a Problem when the gateway stops; undefined where nobody says so. */
  readonly stop: Signal | undefined
}

export type Streamed = {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>
  /** Whether its limits were charged before it was read. */
  readonly charged: boolean
}

const [before, after] = eventStream.around
const complete = 'event: complete\ndata:\n\n'

/**
 * Answers the events of a subscription: each a message whose data is what a GET would answer, or an event `problem`
 * where it is none. The last is `complete`, by which a client tells the end from a broken connection; or `error`,
 * whose data is the problem that ended the stream.
 */
export const streamEvents = (endpoint: EndpointPlan, streamed: Streamed, tools: StreamTools): Promise<FastifyReply> => {
  const { request, reply } = streamed
  const masker = tools.runtime.masks?.answersFor(request.caller)
  const problemText = (problem: Problem): string =>
    JSON.stringify(problemJson(maskProblem(problem, masker), request.id))
  return writeEvents({ request, reply }, textsOf(endpoint, streamed, { tools, problemText }), {
    slots: tools.slots,
    heartbeatMs: tools.bff.subscriptions.ping,
    clock: tools.runtime.tools.clock,
    observeExpired: tools.runtime.observeExpired,
    stop: tools.stop,
    failure: (problem) => eventStream.failure(problemText(problem)),
  })
}

/** Leaving the iteration cancels the stream behind. */
const textsOf = (
  endpoint: EndpointPlan,
  { request, variables, charged }: Streamed,
  { tools, problemText }: { readonly tools: EventTools; readonly problemText: (problem: Problem) => string },
): AsyncIterator<string, unknown> =>
  abortable(new Aborter(), async function* (signal) {
    const textOf = (result: ExecutionResult): string => {
      try {
        return `${before}${endpointAnswer(endpoint, result).body}${after}`
      } catch (thrown) {
        return `event: problem\ndata: ${problemText(asProblem(thrown))}\n\n`
      }
    }
    const { caller, headers } = request
    const { operation } = endpoint
    const stored = endpoint.limits.length === 0 ? undefined : endpoint.name
    const { authorization } = headers
    const subscribed = { request, caller, authorization, operation, variables, stored, charged, signal }
    for await (const result of eventsOf(subscribed, tools)) yield textOf(result)
    yield complete
  })
