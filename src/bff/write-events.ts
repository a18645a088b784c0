import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../kernel/caller.ts'
import type { Clock } from '../kernel/clock.ts'
import { writeStream } from '../kernel/event-stream.ts'
import { Problem } from '../kernel/problem.ts'
import { Aborter, type Signal } from '../kernel/signal.ts'
import { whenExpired } from './expiry.ts'
import type { Slots } from './slots.ts'

export type EventsAnswer = {
  readonly slots: Slots
  readonly heartbeatMs: number
  readonly clock: Clock
  readonly observeExpired: ((caller: Caller) => void) | undefined
  /** Aborts with a Problem when the gateway stops; undefined where nobody says so. */
  readonly stop: Signal | undefined
  /** The last words of a stream that ends before its time. */
  readonly failure: (problem: Problem) => string
}

/**
 * Answers with server-sent events, already written as such; leaving ends the iteration. The stream ends when the
 * gateway stops and when the caller's token expires. Throws Problem where there is no room for a further stream.
 */
export const writeEvents = async (
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  events: AsyncIterator<string, unknown>,
  { slots, heartbeatMs, clock, observeExpired, stop, failure }: EventsAnswer,
): Promise<FastifyReply> => {
  const release = slots.take()
  if (release === undefined)
    throw new Problem('UNAVAILABLE', 'Too many connections are open. Try again later.', {
      headers: { 'retry-after': '5' },
    })
  const ended = new Aborter()
  const stopped = (): void => ended.abort(stop?.reason)
  if (stop?.aborted === true) stopped()
  else stop?.addEventListener('abort', stopped)
  const callOff = whenExpired(request.caller.identity, clock, () => {
    observeExpired?.(request.caller)
    ended.abort(new Problem('UNAUTHENTICATED', 'The token has expired.'))
  })
  try {
    await writeStream(reply.raw, events, {
      begin: () => begin(reply),
      item: (item) => item,
      failure,
      heartbeat: ':\n\n',
      heartbeatMs,
      stop: ended,
    })
    return reply
  } finally {
    callOff()
    stop?.removeEventListener('abort', stopped)
    release()
  }
}

const begin = (reply: FastifyReply): void => {
  reply.hijack()
  reply.raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Proxies that collect an answer before they pass it on would hold each event back.
    'x-accel-buffering': 'no',
  })
}
