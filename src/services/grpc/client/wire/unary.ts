import type { Call, Reply } from '../../../call.ts'
import { abortProblem } from '../../../guards/aborted.ts'
import type { GrpcService } from '../../../service.ts'
import type { GrpcAnswer, GrpcRequest } from '../exchange.ts'
import { metadataOf } from '../request.ts'
import { tooLargeToSend } from '../status.ts'
import { AnswerReader, type AnswerTaker } from './answer.ts'
import { type Asked, type Connection, WireCall } from './call.ts'
import type { WireReader } from './reader.ts'

/**
 * Unary calls over our own HTTP/2 connections, without guards: a sixth of what a call costs through grpc-js (`node
 * bench/transcoding.ts --parts`). The context's deadline is sent on; that it ends the call here is left to the guard
 * that aborts the signal then.
 */
export const wireUnary =
  (connection: Connection, path: string): Call<GrpcRequest, GrpcAnswer> =>
  (input, context) =>
    new Promise((resolve, reject) => {
      const { service } = connection
      if (context.signal.aborted) throw abortProblem(context.signal, service.name)
      if (input.message.length > service.maxRequestBytes) throw tooLargeToSend(service.name)
      const metadata = metadataOf(connection, input.metadata, context)
      new UnaryCall({ connection, path, context, metadata }, { resolve, reject }).start(input.message)
    })

type Waiting = { readonly resolve: (reply: Reply<GrpcAnswer>) => void; readonly reject: (problem: unknown) => void }

class UnaryCall extends WireCall implements AnswerTaker {
  protected readonly timed = true
  readonly #waiting: Waiting

  constructor(asked: Asked, waiting: Waiting) {
    super(asked)
    this.#waiting = waiting
  }

  answered(answer: GrpcAnswer): void {
    this.finish()
    this.#waiting.resolve({ output: answer, status: 200 })
  }

  protected read({ maxAnswerBytes }: GrpcService): WireReader {
    return new AnswerReader(this, maxAnswerBytes)
  }

  protected ended(problem: unknown): void {
    this.#waiting.reject(problem)
  }
}
