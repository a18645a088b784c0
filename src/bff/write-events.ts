import type { FastifyReply, FastifyRequest } from 'fastify'
import { writeStream } from '../kernel/event-stream.ts'
import { type Endings, watchEnd } from '../kernel/expiry.ts'
import { Problem } from '../kernel/problem.ts'
import type { Slots } from './slots.ts'

export type EventsAnswer = Endings & {
  readonly slots: Slots
  readonly heartbeatMs: number
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
  { slots, heartbeatMs, failure, ...endings }: EventsAnswer,
): Promise<FastifyReply> => {
  const release = slots.take()
  if (release === undefined)
    throw new Problem('UNAVAILABLE', 'Too many connections are open. Try again later.', {
      headers: { 'retry-after': '5' },
    })
  const ending = watchEnd(request.caller, endings)
  try {
    await writeStream(reply.raw, events, {
      begin: () => begin(reply),
      item: (item) => item,
      failure,
      heartbeat: ':\n\n',
      heartbeatMs,
      stop: ending.signal,
    })
    return reply
  } finally {
    ending.release()
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
