import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { whenClosed } from '../kernel/ending.ts'
import { Problem } from '../kernel/problem.ts'
import type { App } from './app.ts'
import { writeProblem, writeProblemTo } from './problem-reply.ts'
import { overloaded, type Shedding } from './shedding.ts'

/** How long streams and sockets have to say goodbye once they are told to go. */
const goodbyeMs = 1_000

type ServingTools = {
  readonly shedding: Shedding
  /** Told of a request that is refused because the event loop lags. */
  readonly shed: () => void
  /** Has streams end, which are answers that would not end by themselves. */
  readonly sayGoodbye: () => void
}

/** Hands requests and upgrades to an app, and knows those under way. */
export const serve = ({ fastify, direct }: App, { shedding, shed, sayGoodbye }: ServingTools) => {
  const responses = underWay()
  const sockets = underWay()
  const dismissed = Promise.withResolvers<void>()
  return {
    handle: (request: IncomingMessage, response: ServerResponse): void => {
      if (shedding.lagging) {
        shed()
        return writeProblem(response, overloaded())
      }
      responses.add(response)
      const waiting = direct(request)
      if (waiting === undefined) fastify.routing(request, response)
      else void waiting.then(() => fastify.routing(request, response))
    },
    upgrade: (request: IncomingMessage, socket: Socket, head: Buffer): void => {
      if (shedding.lagging) {
        shed()
        return writeProblemTo(socket, overloaded())
      }
      sockets.add(socket)
      void direct(request, null)
      if (fastify.server.emit('upgrade', request, socket, head)) return
      writeProblemTo(socket, new Problem('INVALID_ARGUMENT', 'This address takes no upgrades.'))
    },
    active: () => responses.size() + sockets.size(),
    dismiss: () => dismissed.resolve(),
    /** What is under way ends by itself, within the time. What does not is told to go, and cut in the end. */
    async end(withinMs: number): Promise<void> {
      const isDismissed = dismissed.promise.then(() => true)
      const ended = Promise.all([responses.none(), sockets.none()]).then(() => false)
      const isToldEarly = await within(withinMs, Promise.race([isDismissed, ended]))
      sayGoodbye()
      await within(isToldEarly === true ? withinMs : goodbyeMs, responses.none())
      responses.cut()
      await fastify.close()
      await within(goodbyeMs, sockets.none())
      sockets.cut()
    },
  }
}

/** What the promise resolves with, or undefined after that time. */
const within = async <Value>(ms: number, promise: Promise<Value>): Promise<Value | undefined> => {
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), ms)
  const value = await Promise.race([promise, late])
  clearTimeout(timer)
  return value
}

type Ending = ServerResponse | Socket
type Link = { readonly one: Ending; previous: Link | undefined; next: Link | undefined }

/**
 * Things that end with a `close` event. A linked list: the tables that a Set leaves behind as it turns over
 * keep finished requests alive until a full collection.
 */
const underWay = () => {
  let first: Link | undefined
  let size = 0
  let whenNone: (() => void)[] = []
  const remove = (link: Link): void => {
    const { previous, next } = link
    // A link that has grown old would hold its neighbours until a full collection, and they theirs.
    link.previous = undefined
    link.next = undefined
    if (previous === undefined) first = next
    else previous.next = next
    if (next !== undefined) next.previous = previous
    size -= 1
    if (size > 0) return
    for (const tell of whenNone) tell()
    whenNone = []
  }
  return {
    size: () => size,
    add(one: Ending): void {
      const link: Link = { one, previous: undefined, next: first }
      if (first !== undefined) first.previous = link
      first = link
      size += 1
      whenClosed(one, () => remove(link))
    },
    /** Resolves when none is left. */
    none: (): Promise<void> => (size === 0 ? Promise.resolve() : new Promise((resolve) => whenNone.push(resolve))),
    cut(): void {
      for (let link = first; link !== undefined; link = link.next) link.one.destroy()
    },
  }
}
