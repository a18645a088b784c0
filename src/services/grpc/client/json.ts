import type { Json } from '../../../kernel/json.ts'
import { Problem } from '../../../kernel/problem.ts'
import type { Call, CallContext } from '../../call.ts'
import { abortProblem } from '../../guards/aborted.ts'
import type { GrpcMethod } from '../method.ts'
import type { GrpcAnswer, GrpcRequest, OpenExchange } from './exchange.ts'
import type { GrpcInput } from './request.ts'

/** A unary call in JSON. Throws Problem INVALID_ARGUMENT for a request that does not fit, before anything is sent. */
export const jsonCall =
  (service: string, call: Call<GrpcRequest, GrpcAnswer>, { codec }: GrpcMethod): Call<GrpcInput> =>
  async ({ message, metadata }, context) => {
    if (context.signal.aborted) throw abortProblem(context.signal, service)
    const { output, status } = await call({ message: codec.encode(message), metadata }, context)
    return { output: decoded(service, codec, output.message), status }
  }

/** A server stream in JSON: the call starts when iteration starts, and ends with it. Iterating throws Problem. */
export type GrpcStream = (input: GrpcInput, context: CallContext) => AsyncIterable<Json>

export const jsonStream =
  (service: string, open: OpenExchange, { codec }: GrpcMethod): GrpcStream =>
  ({ message, metadata }, context) => ({
    [Symbol.asyncIterator]: () => {
      if (context.signal.aborted) return failing(abortProblem(context.signal, service))
      const request = codec.encode(message)
      const exchange = open(metadata, context)
      // What fails the request fails the messages too, where it is read.
      exchange.send(request).catch(ignored)
      exchange.end()
      const messages = exchange.messages[Symbol.asyncIterator]()
      return {
        async next() {
          const { done, value } = await messages.next()
          if (done === true) return { done, value: undefined }
          try {
            return { done: false, value: decoded(service, codec, value) }
          } catch (thrown) {
            exchange.cancel()
            await messages.return?.()
            throw thrown
          }
        },
        async return() {
          await messages.return?.()
          return { done: true, value: undefined }
        },
      }
    },
  })

const failing = (problem: Problem): AsyncIterator<Json> => ({ next: () => Promise.reject(problem) })

const ignored = (): void => undefined

const decoded = (service: string, codec: GrpcMethod['codec'], bytes: Uint8Array): Json => {
  try {
    return codec.decode(bytes)
  } catch (cause) {
    throw new Problem('UNAVAILABLE', `Service ${service} gave an answer that cannot be read.`, {
      status: 502,
      service,
      cause,
    })
  }
}
