import type { FastifyReply, FastifyRequest } from 'fastify'
import { preferredType } from '../../kernel/accept.ts'
import { eventStream, ndjson, type StreamFormat, writeStream } from '../../kernel/event-stream.ts'
import { type Endings, watchEnd } from '../../kernel/expiry.ts'
import { maskProblem } from '../../kernel/mask/errors.ts'
import type { Masker } from '../../kernel/mask/masker.ts'
import type { Masks } from '../../kernel/mask/masks.ts'
import { Problem, problemJson } from '../../kernel/problem.ts'
import type { Signal } from '../../kernel/signal.ts'
import { callContextOf } from '../../services/call-context.ts'
import type { GrpcExchange, MetadataEntries, OpenExchange } from '../../services/grpc/client/exchange.ts'
import type { OpenSocket } from '../../telemetry/observers.ts'
import { discardRest } from '../discard.ts'
import { maskedReader, type RawAnswer } from './answer.ts'
import type { Binding } from './binding.ts'
import { checkBody, linesOf } from './body.ts'
import { answersOf, type Sending, sendAll, sendOne, soleAnswer } from './exchange.ts'
import { type MetadataRules, requestMetadata, responseHeaders } from './metadata.ts'
import { partsOf, queryOf, type Serve } from './unary.ts'

export type StreamTools = {
  readonly open: OpenExchange
  readonly metadata: MetadataRules
  readonly masks: Masks | undefined
  /** When a call that begins now ends at the latest, in the clock's milliseconds; Infinity for never. */
  readonly deadlineOf: (request: FastifyRequest) => number
  /** What ends streams before they are over, with a problem as their last word. */
  readonly endings: Endings
  readonly heartbeatMs: number
  /** Told that a WebSocket is open; counts it. */
  readonly opened?: (() => OpenSocket) | undefined
  /** The longest message of a client, in bytes. */
  readonly maxMessageBytes: number
}

/** Many messages in, or out, or both. Requests are JSON lines; answers JSON lines or server-sent events. */
export const serveStream = (binding: Binding, tools: StreamTools): Serve => {
  const { requestStream, responseStream } = binding.method
  return async (request, reply, segments) => {
    const format = responseStream && binding.answer.kind === 'json' ? formatFor(request) : undefined
    const message = requestStream ? undefined : binding.request.encode(partsOf(binding, request, segments))
    if (requestStream && hasBody(request)) checkBody(request, binding.request.body === 'raw' ? 'raw' : 'lines')
    const metadata = requestMetadata(tools.metadata, request)
    const exchange = tools.open(metadata, callContextOf(request, reply, tools.deadlineOf(request)))
    const sending =
      message === undefined
        ? sendAll(exchange, messagesOf(binding, { request, segments, longest: tools.maxMessageBytes }))
        : sendOne(exchange, message)
    const ending = watchEnd(request.caller, tools.endings)
    try {
      const masker = tools.masks?.answersFor(request.caller)
      const answer = maskedReader(binding, masker)
      const call: Call = { binding: { ...binding, answer }, exchange, sending, reply, tools, masker }
      return responseStream ? await streamAnswers(call, format, ending.signal) : await answerOnce(call)
    } finally {
      ending.release()
      sending.stop()
      exchange.cancel()
      discardRest(request.raw)
    }
  }
}

type Call = {
  readonly binding: Binding
  readonly exchange: GrpcExchange
  readonly sending: Sending
  readonly reply: FastifyReply
  readonly tools: StreamTools
  /** Undefined for a caller who is shown all. */
  readonly masker: Masker | undefined
}

const formats = [ndjson, eventStream] as const

/** By `Accept`; JSON lines where the client does not say. */
const formatFor = ({ headers }: FastifyRequest): StreamFormat => {
  const offered = formats.map(({ contentType }) => contentType)
  const type = preferredType(headers.accept, offered)
  const format = formats.find(({ contentType }) => contentType === type)
  if (format !== undefined) return format
  throw new Problem('INVALID_ARGUMENT', `This address answers ${offered.join(' or ')}.`, { status: 406 })
}

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

type Body = { readonly request: FastifyRequest; readonly segments: readonly string[]; readonly longest: number }

/** The messages of a request body: one a line, or each chunk as it comes where the body is raw. */
async function* messagesOf(binding: Binding, { request, segments, longest }: Body): AsyncGenerator<Buffer, void, void> {
  const shared = { segments, query: queryOf(request), contentType: request.headers['content-type'] }
  const raw = binding.request.body === 'raw'
  const parts = raw
    ? (request.raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)
    : linesOf(request.raw, longest)
  let count = 0
  for await (const body of parts) {
    count += 1
    yield numbered(raw ? undefined : count, () => binding.request.encode({ ...shared, body }))
  }
}

/** Says of a mistake which message has it. */
const numbered = (count: number | undefined, encode: () => Buffer): Buffer => {
  try {
    return encode()
  } catch (thrown) {
    if (count === undefined || !(thrown instanceof Problem)) throw thrown
    throw new Problem(thrown.code, `Message ${count}: ${thrown.message}`, { status: thrown.status, cause: thrown })
  }
}

const answerOnce = async ({ binding, exchange, sending, reply, tools, masker }: Call): Promise<FastifyReply> => {
  const { answer, service } = binding
  const message = await soleAnswer(
    answersOf(exchange, sending, (bytes) => bytes),
    service,
  )
  const headers = responseHeaders(tools.metadata, masker, await exchange.headers, await exchange.trailers)
  reply.headers(headers)
  if (answer.kind === 'json') return reply.type('application/json; charset=utf-8').send(answer.read(message))
  const { contentType, data } = answer.read(message)
  return reply.type(contentType).send(data)
}

const streamAnswers = async (call: Call, format: StreamFormat | undefined, stop: Signal): Promise<FastifyReply> => {
  const { binding, exchange, sending, reply, tools, masker } = call
  const { heartbeatMs } = tools
  let known: MetadataEntries = []
  void exchange.headers.then((headers) => {
    known = headers
  })
  const begin = (contentType: string): void => {
    reply.hijack()
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      ...responseHeaders(tools.metadata, masker, known),
      'content-type': contentType,
      'cache-control': 'no-store',
      // Proxies that collect an answer before they pass it on would hold each message back.
      'x-accel-buffering': 'no',
    })
  }
  if (binding.answer.kind === 'raw') {
    const items = answersOf(exchange, sending, binding.answer.read)
    await writeStream<RawAnswer>(reply.raw, items, {
      begin: (first) => begin(first?.contentType ?? 'application/octet-stream'),
      item: ({ data }) => data,
      failure: undefined,
      heartbeat: undefined,
      heartbeatMs,
      stop,
    })
    return reply
  }
  const { contentType, around, failure, heartbeat } = format ?? ndjson
  const { readBetween } = binding.answer
  const items = answersOf(exchange, sending, (message) => readBetween(message, around))
  await writeStream(reply.raw, items, {
    begin: () => begin(contentType),
    item: (item) => item,
    failure: (problem) => failure(JSON.stringify(problemJson(maskProblem(problem, masker), reply.request.id))),
    heartbeat,
    heartbeatMs,
    stop,
  })
  return reply
}
