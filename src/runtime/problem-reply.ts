import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import { type Problem, problemJson } from '../kernel/problem.ts'

const mediaType = 'application/problem+json; charset=utf-8'

/** Answers with a problem (RFC 9457). An error is never cacheable. */
export const sendProblem = (reply: FastifyReply, problem: Problem): FastifyReply =>
  reply
    .code(problem.status)
    .headers(problem.headers)
    .header('content-type', mediaType)
    .header('cache-control', 'no-store')
    .send(JSON.stringify(problemJson(problem, reply.request.id)))

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
  const body = JSON.stringify(problemJson(problem, requestId))
  response.writeHead(problem.status, {
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
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\ncontent-type: ${mediaType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
