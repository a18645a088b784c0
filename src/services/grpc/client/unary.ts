import type { Client } from '@grpc/grpc-js'
import type { Clock } from '../../../kernel/clock.ts'
import type { Json } from '../../../kernel/json.ts'
import { Problem } from '../../../kernel/problem.ts'
import type { Call } from '../../call.ts'
import { abortProblem } from '../../guards/aborted.ts'
import type { GrpcService } from '../../service.ts'
import type { GrpcMethod } from '../method.ts'
import { asIs, callOptions, type GrpcInput, metadataOf } from './request.ts'
import { problemOfStatus } from './status.ts'

/** What calls of one service are made with. */
export type Connection = { readonly service: GrpcService; readonly client: Client; readonly clock: Clock }

/** A unary call without guards: sends the context's deadline, and cancels when its signal aborts. */
export const unaryCall =
  ({ service, client, clock }: Connection, { path, codec }: GrpcMethod): Call<GrpcInput> =>
  async (input, context) => {
    const { signal } = context
    if (signal.aborted) throw abortProblem(signal, service.name)
    const request = codec.encode(input.message)
    const metadata = metadataOf(service, input, context)
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const options = callOptions(context.deadline, clock)
      let answered = false
      const call = client.makeUnaryRequest(path, asIs, asIs, request, metadata, options, (error, bytes) => {
        signal.removeEventListener('abort', onAbort)
        if (signal.aborted) reject(abortProblem(signal, service.name))
        else if (error !== null) reject(problemOfStatus(service, error, answered))
        else if (bytes === undefined) reject(unreadable(service, 'no message'))
        else resolve(bytes)
      })
      call.on('metadata', () => {
        answered = true
      })
      const onAbort = (): void => call.cancel()
      signal.addEventListener('abort', onAbort)
    })
    return { output: decoded(service, codec, answer), status: 200 }
  }

/** A message as JSON. Throws Problem that names the service. */
export const decoded = (service: GrpcService, codec: GrpcMethod['codec'], bytes: Buffer): Json => {
  try {
    return codec.decode(bytes)
  } catch (thrown) {
    throw unreadable(service, thrown)
  }
}

const unreadable = ({ name }: GrpcService, cause: unknown): Problem =>
  new Problem('UNAVAILABLE', `Service ${name} gave an answer that cannot be read.`, {
    status: 502,
    service: name,
    cause,
  })
