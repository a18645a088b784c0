import type { ServerResponse } from 'node:http'
import { asProblem, type Problem } from './problem.ts'
import type { Signal } from './signal.ts'

/** How JSON values follow one another in one answer, and what is said where they break off. */
export type StreamFormat = {
  readonly contentType: string
  /** What stands around one value. JSON text holds no line break of its own, so one line is enough. */
  readonly around: readonly [before: string, after: string]
  /** The last thing in a stream that failed midway; `problem` is the JSON of RFC 9457. */
  readonly failure: (problem: string) => string
  /** What means nothing, for connections that would be closed for silence; undefined where a format has no such thing. */
  readonly heartbeat: string | undefined
}

/** Server-sent events (WHATWG HTML §9.2): each value a `message` event, a failure an event `error`. */
export const eventStream: StreamFormat = {
  contentType: 'text/event-stream',
  around: ['data: ', '\n\n'],
  failure: (problem) => `event: error\ndata: ${problem}\n\n`,
  heartbeat: ':\n\n',
}

/** One value a line; a failure is a last line `{"error": {…}}`. */
export const ndjson: StreamFormat = {
  contentType: 'application/x-ndjson',
  around: ['', '\n'],
  failure: (problem) => `{"error":${problem}}\n`,
  heartbeat: undefined,
}

export type StreamedAnswer<Item> = {
  /** Sends status and headers. Called once: with the first item, or before it where that takes longer than a heartbeat. */
  readonly begin: (first: Item | undefined) => void
  readonly item: (item: Item) => string | Uint8Array
  /** The end of a stream that failed midway; undefined where the format cannot say it: the connection is cut instead. */
  readonly failure: ((problem: Problem) => string) | undefined
  readonly heartbeat: string | undefined
  readonly heartbeatMs: number
  /** Ends the stream with the Problem it is aborted with: a gateway that stops does not wait for streams. */
  readonly stop: Signal
}

/**
 * Writes items as an answer, one after the other: the next is asked for when the reader has room, so that a slow
 * reader slows the source. A reader who leaves ends the iteration. What fails before `begin` is thrown.
 */
export const writeStream = async <Item>(
  response: ServerResponse,
  items: AsyncIterator<Item, unknown>,
  answer: StreamedAnswer<Item>,
): Promise<void> => {
  let begun = false
  let silent = true
  let stopped: Problem | undefined
  const begin = (first: Item | undefined): void => {
    if (begun) return
    begun = true
    answer.begin(first)
  }
  // Not a race with each item: what waits for a signal that never comes would be kept for every one of them.
  const leave = (): void => {
    items.return?.().catch(() => undefined)
  }
  const stop = (): void => {
    stopped = asProblem(answer.stop.reason)
    leave()
  }
  const beat = setInterval(() => {
    if (silent && !response.destroyed) {
      begin(undefined)
      if (answer.heartbeat !== undefined && !response.writableNeedDrain) response.write(answer.heartbeat)
      else response.flushHeaders()
    }
    silent = true
  }, answer.heartbeatMs)
  response.once('close', leave)
  if (answer.stop.aborted) stop()
  else answer.stop.addEventListener('abort', stop)
  try {
    for (;;) {
      const next = await items.next()
      if (stopped !== undefined) throw stopped
      if (response.destroyed) return
      if (next.done === true) break
      silent = false
      begin(next.value)
      if (!response.write(answer.item(next.value))) await roomIn(response)
    }
    begin(undefined)
    response.end()
  } catch (thrown) {
    leave()
    if (response.destroyed) return
    const why = stopped ?? asProblem(thrown)
    if (!begun) throw why
    if (answer.failure === undefined) response.destroy(why)
    else response.end(answer.failure(why))
  } finally {
    clearInterval(beat)
    answer.stop.removeEventListener('abort', stop)
    response.off('close', leave)
  }
}

/** Resolves when more may be written, or never will be. */
const roomIn = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go)
      resolve()
    }
    if (response.destroyed) resolve()
    else response.on('drain', go).on('close', go)
  })
