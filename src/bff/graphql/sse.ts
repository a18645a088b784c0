import type { FastifyReply, FastifyRequest } from 'fastify'
import { abortable } from '../../kernel/abort.ts'
import { preferredType } from '../../kernel/accept.ts'
import { maskErrorText, tellsErrors } from '../../kernel/mask/errors.ts'
import { Aborter, type Signal } from '../../kernel/signal.ts'
import { type EventTools, eventsOf } from '../events.ts'
import { runOperation } from '../run-operation.ts'
import type { Slots } from '../slots.ts'
import { writeEvents } from '../write-events.ts'
import type { Prepared } from './prepare.ts'
import { problemError, requestErrors, resultBody } from './reply.ts'

/** Answers an operation as a stream of events. Throws Problem where there is no room for a further stream. */
export type StreamAnswer = (request: FastifyRequest, reply: FastifyReply, prepared: Prepared) => Promise<FastifyReply>

export type StreamTools = EventTools & {
  readonly slots: Slots
  readonly heartbeatMs: number
  /** Aborts with a Problem when the gateway stops; undefined where nobody says so. */
  readonly stop: Signal | undefined
}

/** Whether a client prefers events to JSON. */
export const wantsEvents = ({ method, headers: { accept } }: FastifyRequest): boolean =>
  accept?.includes('text/event-stream') === true &&
  method !== 'HEAD' &&
  preferredType(accept, ['text/event-stream', 'application/json', 'application/graphql-response+json']) ===
    'text/event-stream'

const complete = 'event: complete\ndata:\n\n'

/**
 * GraphQL over server-sent events in distinct connections mode (as the graphql-sse protocol has it): an event `next` for each
 * answer, then `complete`. What ends a stream before its time is a last `next` with errors alone, for the protocol
 * has no event of its own for that.
 */
export const streamAnswer =
  ({ slots, heartbeatMs, stop, ...tools }: StreamTools): StreamAnswer =>
  (request, reply, prepared) => {
    const masker = tools.runtime.masks?.answersFor(request.caller)
    const next = (body: string): string =>
      `event: next\ndata: ${masker === undefined || !tellsErrors(body) ? body : maskErrorText(body, masker)}\n\n`
    return writeEvents({ request, reply }, bodiesOf(prepared, { request, reply, tools, next }), {
      slots,
      heartbeatMs,
      clock: tools.runtime.tools.clock,
      observeExpired: tools.runtime.observeExpired,
      stop,
      failure: (problem) => next(JSON.stringify({ errors: [problemError(problem, request.id)] })) + complete,
    })
  }

type Asked = {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly tools: EventTools
  /** The event that a body is. */
  readonly next: (body: string) => string
}

/** The events of an answer; leaving them cancels the stream behind. */
const bodiesOf = (prepared: Prepared, { request, reply, tools, next }: Asked): AsyncIterator<string, unknown> =>
  abortable(new Aborter(), async function* (signal) {
    const requestId = request.id
    if ('errors' in prepared) yield next(JSON.stringify({ errors: requestErrors(prepared.errors, requestId) }))
    else if (prepared.operation.node.operation === 'subscription') {
      const { caller } = request
      const { authorization } = request.headers
      for await (const result of eventsOf({ ...prepared, request, caller, authorization, signal }, tools))
        yield next(resultBody(result, { requestId }))
    } else yield next(resultBody(await runOperation({ ...tools, ...prepared }, request, reply), { requestId }))
    yield complete
  })
