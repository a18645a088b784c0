import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js'
import type { Json } from '../../../kernel/json.ts'
import type { Problem } from '../../../kernel/problem.ts'
import type { Signal } from '../../../kernel/signal.ts'
import type { CallContext } from '../../call.ts'
import { abortProblem } from '../../guards/aborted.ts'
import type { GrpcMethod } from '../method.ts'
import { asIs, callOptions, type GrpcInput, metadataOf } from './request.ts'
import { problemOfStatus } from './status.ts'
import { type Connection, decoded } from './unary.ts'

/** A server stream: the call starts when iteration starts, and ends with it. Iterating throws Problem. */
export type GrpcStream = (input: GrpcInput, context: CallContext) => AsyncIterable<Json>

/**
 * A server-streaming call without guards. Messages are read at the consumer's pace: at most sixteen wait here, then
 * HTTP/2 flow control holds the service back. Its end is `context.deadline`; Infinity means none.
 */
export const serverStream =
  (connection: Connection, method: GrpcMethod): GrpcStream =>
  (input, context) => ({
    [Symbol.asyncIterator]: () => {
      const { service, client, clock } = connection
      const { signal, deadline } = context
      if (signal.aborted) return failing(abortProblem(signal, service.name))
      const request = method.codec.encode(input.message)
      const metadata = metadataOf(service, input, context)
      const options = callOptions(deadline, clock)
      const call = client.makeServerStreamRequest(method.path, asIs, asIs, request, metadata, options)
      return messagesOf(call, { connection, method, signal })
    },
  })

type Streaming = { readonly connection: Connection; readonly method: GrpcMethod; readonly signal: Signal }

const failing = (problem: Problem): AsyncIterator<Json> => ({ next: () => Promise.reject(problem) })

// Written out rather than as an async generator: a generator's `return()` waits for the message that is awaited,
// and a subscription that ends must not wait for one that may never come.
const messagesOf = (
  call: ClientReadableStream<Buffer>,
  { connection, method, signal }: Streaming,
): AsyncIterator<Json> => {
  const { service } = connection
  const messages = call[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
  let over = false
  let answered = false
  const onAbort = (): void => call.cancel()
  const end = (): void => {
    over = true
    signal.removeEventListener('abort', onAbort)
    call.cancel()
  }
  signal.addEventListener('abort', onAbort)
  call.on('metadata', () => {
    answered = true
  })
  // A cancelled call reports so, also where nobody reads any more.
  call.on('error', () => undefined)

  return {
    async next() {
      if (over) return { done: true, value: undefined }
      try {
        const { done, value } = await messages.next()
        // The consumer left meanwhile; or the signal aborted, which must not look like an end.
        if (over) return { done: true, value: undefined }
        if (signal.aborted) throw abortProblem(signal, service.name)
        if (done !== true) return { done: false, value: decoded(service, method.codec, value) }
        end()
        return { done: true, value: undefined }
      } catch (thrown) {
        if (over) return { done: true, value: undefined }
        end()
        if (signal.aborted) throw abortProblem(signal, service.name)
        throw isServiceError(thrown) ? problemOfStatus(service, thrown, answered) : thrown
      }
    },
    return() {
      end()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
}

const isServiceError = (thrown: unknown): thrown is ServiceError =>
  thrown instanceof Error && 'metadata' in thrown && 'details' in thrown
