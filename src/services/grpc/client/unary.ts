import type { Call } from '../../call.ts'
import type { GrpcAnswer, GrpcRequest, OpenExchange } from './exchange.ts'
import { noMessage } from './failure.ts'
import type { Asked } from './status.ts'
import { problemOfFailure } from './status.ts'

/** A unary call over a client of streams: for what the client of unary calls does not do. */
export const unaryOver =
  (service: Asked, open: OpenExchange): Call<GrpcRequest, GrpcAnswer> =>
  async ({ message, metadata }, context) => {
    const exchange = open(metadata, context)
    try {
      await exchange.send(message)
    } catch (thrown) {
      exchange.cancel()
      throw thrown
    }
    exchange.end()
    let answer: Uint8Array | undefined
    for await (const one of exchange.messages) {
      // A second one breaks the rules of a unary call.
      if (answer !== undefined) throw problemOfFailure(service, noMessage([]))
      answer = one
    }
    const trailers = await exchange.trailers
    if (answer === undefined) throw problemOfFailure(service, noMessage(trailers))
    return { output: { message: answer, headers: await exchange.headers, trailers }, status: 200 }
  }
