import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Masks } from '../../kernel/mask/masks.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Call } from '../../services/call.ts'
import { callContextOf } from '../../services/call-context.ts'
import type { GrpcAnswer, GrpcRequest } from '../../services/grpc/client/exchange.ts'
import { maskedReader } from './answer.ts'
import type { Binding } from './binding.ts'
import { checkBody } from './body.ts'
import { connectCall, trailerHeaders } from './connect.ts'
import type { MetadataRules } from './metadata.ts'
import { requestMetadata, responseHeaders } from './metadata.ts'
import type { RequestParts } from './request.ts'

/** Answers a request that a binding matched; `segments` are those of its path. */
export type Serve = (request: FastifyRequest, reply: FastifyReply, segments: readonly string[]) => Promise<FastifyReply>

export type UnaryTools = {
  readonly call: Call<GrpcRequest, GrpcAnswer>
  readonly metadata: MetadataRules
  readonly masks: Masks | undefined
  /** When a call that begins now ends at the latest, in the clock's milliseconds; `limitMs` shortens it. */
  readonly deadlineOf: (request: FastifyRequest, limitMs?: number) => number
}

/** One message in, one out. */
export const serveUnary = (binding: Binding, { call, metadata, deadlineOf, masks }: UnaryTools): Serve => {
  return async (request, reply, segments) => {
    const connect = binding.connect ? connectCall(request) : undefined
    // A message without fields is no bytes in the binary form, which this is not.
    if (connect !== undefined && request.method === 'POST') checkBody(request, 'json')
    const message =
      connect?.message === undefined
        ? binding.request.encode(partsOf(binding, request, segments))
        : binding.wholeRequest.encode({ segments, query: '', body: connect.message, contentType: undefined })
    const context = callContextOf(request, reply, deadlineOf(request, connect?.timeoutMs))
    const masker = masks?.answersFor(request.caller)
    const { output } = await call({ message, metadata: requestMetadata(metadata, request) }, context)
    if (metadata.response.size > 0)
      reply.headers(
        connect === undefined
          ? responseHeaders(metadata, masker, output.headers, output.trailers)
          : {
              ...responseHeaders(metadata, masker, output.headers),
              ...trailerHeaders(responseHeaders(metadata, masker, output.trailers)),
            },
      )
    const answer = maskedReader(binding, masker)
    if (answer.kind === 'json') return reply.type(jsonType).send(answer.read(output.message))
    const { contentType, data } = answer.read(output.message)
    return reply.type(contentType).send(data)
  }
}

const jsonType = 'application/json; charset=utf-8'

/** What of a request becomes the message. Throws Problem for a body that is not what the binding takes. */
export const partsOf = (
  { request: { body: takes } }: Binding,
  request: FastifyRequest,
  segments: readonly string[],
): RequestParts => {
  const body = request.body as Buffer | undefined
  const given = body !== undefined && body !== null && body.length > 0
  if (takes !== 'none' && given) checkBody(request, takes)
  // Clients of custom verbs send an empty object where nothing is to be said.
  else if (given && body.toString() !== '{}')
    throw new Problem('INVALID_ARGUMENT', 'This address takes no body; its fields are parts of path and query.')
  return {
    segments,
    query: queryOf(request),
    body: given && takes !== 'none' ? body : undefined,
    contentType: request.headers['content-type'],
  }
}

/** Without its question mark; empty for none. */
export const queryOf = ({ raw: { url = '' } }: FastifyRequest): string => {
  const mark = url.indexOf('?')
  return mark < 0 ? '' : url.slice(mark + 1)
}
