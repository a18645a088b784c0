import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { codes } from '../../kernel/code.ts'
import { Problem, type ProblemDetail } from '../../kernel/problem.ts'
import { rpcMessage } from '../../services/grpc/client/rpc-messages.ts'

/** What a unary request of the Connect protocol says beside its message (https://connectrpc.com/docs/protocol). */
export type ConnectCall = {
  /** The message as JSON, where the query holds it; undefined where the body is it. */
  readonly message: Buffer | undefined
  readonly timeoutMs: number | undefined
}

const versionHeader = 'connect-protocol-version'

/** Whether a request speaks the Connect protocol: by its header, in a GET by its query. */
export const isConnect = ({ headers, method, raw: { url = '' } }: FastifyRequest): boolean =>
  headers[versionHeader] !== undefined || (method === 'GET' && /[?&]connect=v1(?:&|$)/.test(url))

/** Undefined for a plain request. Throws Problem INVALID_ARGUMENT for what this version does not speak. */
export const connectCall = (request: FastifyRequest): ConnectCall | undefined => {
  if (!isConnect(request)) return undefined
  const { headers, method, raw } = request
  const version = headers[versionHeader]
  if (version !== undefined && version !== '1')
    throw new Problem('INVALID_ARGUMENT', 'connect-protocol-version should be 1.')
  const message = method === 'GET' ? queryMessage(raw.url ?? '') : undefined
  return { message, timeoutMs: timeoutOf(headers['connect-timeout-ms']) }
}

const timeoutOf = (text: string | string[] | undefined): number | undefined => {
  if (text === undefined) return undefined
  if (typeof text === 'string' && /^\d{1,10}$/.test(text)) return Number(text)
  throw new Problem('INVALID_ARGUMENT', 'connect-timeout-ms should be a number of milliseconds.')
}

const queryMessage = (url: string): Buffer => {
  const query = new URLSearchParams(url.slice(url.indexOf('?') + 1))
  const [encoding, compression] = [query.get('encoding'), query.get('compression')]
  if (encoding !== 'json')
    throw new Problem('INVALID_ARGUMENT', 'The message should be JSON: encoding=json.', { status: 415 })
  if (compression !== null && compression !== '' && compression !== 'identity')
    throw new Problem('UNIMPLEMENTED', 'The message may not be compressed.')
  return Buffer.from(query.get('message') ?? '', query.get('base64') === '1' ? 'base64url' : 'utf8')
}

/** Trailers of a unary answer come as headers with a name of their own. */
export const trailerHeaders = (trailers: OutgoingHttpHeaders): OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(trailers).map(([name, value]) => [`trailer-${name}`, value]))

/** Answers with an error as clients of the Connect protocol know it. Statuses are the protocol's own. */
export const sendConnectError = (reply: FastifyReply, problem: Problem): FastifyReply =>
  reply
    .code(problem.status === 415 ? 415 : codes[problem.code].status)
    .headers(problem.headers)
    .header('content-type', 'application/json')
    .header('cache-control', 'no-store')
    .send(
      JSON.stringify({
        code: connectCode(problem),
        message: problem.message,
        ...(problem.details.length === 0 ? {} : { details: problem.details.map(connectDetail) }),
      }),
    )

/** A typed detail as bytes, as the protocol has it; `debug` is the same to read. */
const connectDetail = ({ '@type': url, ...members }: ProblemDetail): object => {
  const type = url.slice(url.lastIndexOf('/') + 1)
  const message = rpcMessage(type.slice(type.lastIndexOf('.') + 1))
  const { retryDelay } = members as { readonly retryDelay?: string }
  const plain = retryDelay === undefined ? members : { retryDelay: durationOf(retryDelay) }
  const value = Buffer.from(message.encode(message.fromObject(plain)).finish()).toString('base64')
  return { type, value: value.replace(/=+$/, ''), debug: members }
}

/** `1.5s` as google.protobuf.Duration has it. */
const durationOf = (text: string): { readonly seconds: string; readonly nanos: number } => {
  const [, seconds = '0', fraction = ''] = /^(-?\d+)(?:\.(\d+))?s$/.exec(text) ?? []
  return { seconds, nanos: Number(fraction.padEnd(9, '0')) * (text.startsWith('-') ? -1 : 1) }
}

const connectCode = ({ code }: Problem): string => (code === 'CANCELLED' ? 'canceled' : code.toLowerCase())
