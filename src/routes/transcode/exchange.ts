import { asProblem, Problem } from '../../kernel/problem.ts'
import type { GrpcExchange } from '../../services/grpc/client/exchange.ts'

/** What a client sends while a call is under way. */
export type Sending = {
  /** What was wrong with the client's own messages; undefined while nothing was. */
  readonly failure: () => Problem | undefined
  /** Asks for no more of them. */
  readonly stop: () => void
}

/** Sends messages as the service takes them, then says that they are all. What fails in them cancels the call. */
export const sendAll = (exchange: GrpcExchange, messages: AsyncIterator<Buffer, void>): Sending => {
  let failure: Problem | undefined
  let stopped = false
  const run = async (): Promise<void> => {
    try {
      for (;;) {
        const next = await messages.next()
        if (stopped) return
        if (next.done === true) return exchange.end()
        await exchange.send(next.value)
      }
    } catch (thrown) {
      if (stopped) return
      failure = asProblem(thrown)
      exchange.cancel()
    } finally {
      await messages.return?.()
    }
  }
  void run()
  return {
    failure: () => failure,
    stop() {
      stopped = true
    },
  }
}

/** One message, and no more. */
export const sendOne = (exchange: GrpcExchange, message: Buffer): Sending => {
  const only = [message][Symbol.iterator]()
  return sendAll(exchange, { next: () => Promise.resolve(only.next() as IteratorResult<Buffer, void>) })
}

/** The messages of a service, each read; leaving them cancels the call. Throws Problem, the client's own first. */
export const answersOf = <Answer>(
  exchange: GrpcExchange,
  { failure }: Sending,
  read: (message: Uint8Array) => Answer,
): AsyncIterator<Answer, undefined> => {
  const messages = exchange.messages[Symbol.asyncIterator]()
  return {
    async next() {
      try {
        const { done, value } = await messages.next()
        const own = failure()
        if (own !== undefined) throw own
        return done === true ? { done, value: undefined } : { done: false, value: read(value) }
      } catch (thrown) {
        exchange.cancel()
        throw failure() ?? thrown
      }
    },
    async return() {
      exchange.cancel()
      await messages.return?.()
      return { done: true, value: undefined }
    },
  }
}

/** The one answer of a call whose requests were many. */
export const soleAnswer = async <Answer>(
  answers: AsyncIterator<Answer, undefined>,
  service: string,
): Promise<Answer> => {
  const first = await answers.next()
  if (first.done === true) throw notOne(service, 'no message')
  const second = await answers.next()
  if (second.done !== true) throw notOne(service, 'several messages')
  return first.value
}

const notOne = (service: string, cause: string): Problem =>
  new Problem('UNAVAILABLE', `Service ${service} gave an answer that cannot be read.`, { status: 502, service, cause })
