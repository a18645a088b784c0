import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import { codes } from '../kernel/code.ts'
import { grpcMessage, isGrpc } from '../kernel/grpc.ts'
import { type Problem, problemJson } from '../kernel/problem.ts'
import { safeHeaders } from '../kernel/safe-headers.ts'

const safe = Object.entries(safeHeaders)
const safeLines = safe.map(([name, value]) => `${name}: ${value}\r\n`).join('')

const mediaType = 'application/problem+json; charset=utf-8'

/** Answers with a problem (RFC 9457), or as gRPC does whoever asked so. An error is never cacheable. */
export const sendProblem = (reply: FastifyReply, problem: Problem): FastifyReply => {
  if (isGrpc(reply.request.raw)) {
    reply.hijack()
    writeStatus(reply.raw, problem, reply.getHeaders() as OutgoingHttpHeaders)
    return reply
  }
  for (const [name, value] of safe) if (!reply.hasHeader(name)) reply.header(name, value)
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .header('content-type', mediaType)
    .header('cache-control', 'no-store')
    .send(JSON.stringify(problemJson(problem, reply.request.id)))
}

/** A problem as a gRPC status, in headers that are the end too (Trailers-Only). */
const writeStatus = (response: ServerResponse, problem: Problem, headers: OutgoingHttpHeaders): void => {
  const all = {
    ...headers,
    ...problem.headers,
    'content-type': 'application/grpc',
    'grpc-status': codes[problem.code].grpc,
    'grpc-message': grpcMessage(problem.message),
  }
  for (const [name, value] of Object.entries(all)) if (value !== undefined) response.setHeader(name, value)
  response.statusCode = 200
  response.end()
}

/** The same on a bare response, for requests that never reach Fastify and replies it has let go of. */
export const writeProblem = (
  response: ServerResponse,
  problem: Problem,
  { requestId, headers = {} }: { readonly requestId?: string; readonly headers?: OutgoingHttpHeaders } = {},
): void => {
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (isGrpc(response.req)) return writeStatus(response, problem, headers)
  const body = JSON.stringify(problemJson(problem, requestId))
  response.writeHead(problem.status, {
    ...safeHeaders,
    ...headers,
    ...problem.headers,
    'content-type': mediaType,
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

/** The same on a socket that carries no response: what was sent is no request, or an upgrade nobody takes. */
export const writeProblemTo = (socket: Socket, problem: Problem): void => {
  if (!socket.writable) return
  const body = JSON.stringify(problemJson(problem))
  const headers = Object.entries(problem.headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\n${headers.join('')}${safeLines}content-type: ${mediaType}\r\ncache-control: no-store\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
