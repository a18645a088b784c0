import { type IncomingMessage, METHODS, type ServerResponse } from 'node:http'
import {
  constants,
  createServer,
  type Http2ServerRequest,
  Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { Socket } from 'node:net'
import { continueWhenRead } from './continue.ts'

/** Its headers are too large, it does not say in one way for which host it is, or its method is none that HTTP/1.1 takes. */
export type NotTaken = 'headers' | 'host' | 'method'

export type Http2Options = {
  readonly maxHeaderBytes: number
  /** How long a connection without requests stays open. */
  readonly idleMs: number
  /** How long a request may send nothing while its body is not complete. */
  readonly silenceMs: number
  /** Takes requests as those of HTTP/1.1 would be taken. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
  /** Answers a request that is not to be taken. */
  readonly refuse: (response: ServerResponse, why: NotTaken) => void
}

/** Connections of clients that speak HTTP/2. */
export type Http2Front = {
  accept(socket: Socket): void
  /** Tells clients to go elsewhere (GOAWAY); a connection closes when its last answer is out. */
  close(): void
  /** The same for some of the connections. */
  closeWhere(which: (socket: Socket) => boolean): void
  /** Closes what is left. */
  cut(): void
  /** How large the headers of a request may be in all, from now on. */
  limitHeaders(bytes: number): void
}

/**
 * What one connection may ask of us (RFC 9113 §10.5). A client that resets requests faster than this is sent away, as
 * is one that sends frames no client has a reason to send; header blocks are bounded by their decoded size, and the
 * CONTINUATION frames of one by nghttp2.
 */
const bounds = {
  maxSessionMemory: 10, // MiB
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  streamResetBurst: 1_000,
  streamResetRate: 33, // a second
  maxOutstandingPings: 10,
  maxOutstandingSettings: 10,
}
const concurrentStreams = 128
const methods: ReadonlySet<string> = new Set(METHODS)

/** Serves HTTP/2 on connections it is given: over TLS as agreed there, or over TCP with prior knowledge. */
export const createHttp2Front = ({ idleMs, silenceMs, handle, refuse, ...first }: Http2Options): Http2Front => {
  let { maxHeaderBytes } = first
  const sessions = new Map<Pick<ServerHttp2Session, 'close' | 'destroy'>, Socket>()
  let accepting: Socket | undefined
  const server = createServer({
    ...bounds,
    Http2ServerResponse: Response,
    settings: { maxConcurrentStreams: concurrentStreams, maxHeaderListSize: maxHeaderBytes, enablePush: false },
  })
  server.on('session', (session) => {
    let streams = 0
    sessions.set(session, accepting as Socket)
    session.on('close', () => sessions.delete(session))
    session.on('stream', (stream) => {
      streams += 1
      stream.once('close', () => {
        streams -= 1
      })
    })
    session.setTimeout(idleMs, () => {
      if (streams === 0) session.close()
    })
    session.on('error', () => session.destroy())
  })
  // What is not well-formed ends its stream or session, which is told by its own `error` event.
  server.on('sessionError', ignored)
  const take = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    request.on('error', ignored)
    response.on('error', ignored)
    if (!request.stream.endAfterHeaders && !isGrpc(request.headers['content-type']))
      request.stream.setTimeout(silenceMs, () => request.stream.close(constants.NGHTTP2_CANCEL))
    if (!request.stream.endAfterHeaders) request.stream.once('finish', () => stopSending(request))
    const answer = response as unknown as ServerResponse
    // Node bounds them too, but only those of clients that acknowledge our settings.
    if (bytesOf(request.rawHeaders) > maxHeaderBytes) refuse(answer, 'headers')
    else if (isAmbiguous(request)) refuse(answer, 'host')
    // Node's parser of HTTP/1.1 knows these alone, and so does Fastify.
    else if (!methods.has(request.method)) refuse(answer, 'method')
    else handle(asHttp1(request), answer)
  }
  server.on('request', take)
  server.on('checkContinue', (request, response) => {
    continueWhenRead(request as unknown as IncomingMessage, response as unknown as ServerResponse, true)
    take(request, response)
  })
  return {
    accept(socket) {
      // The session of a connection is told while it is handed over.
      accepting = socket
      server.emit('connection', socket)
      accepting = undefined
    },
    close() {
      for (const session of sessions.keys()) session.close()
    },
    closeWhere(which) {
      for (const [session, socket] of sessions) if (which(socket)) session.close()
    },
    cut() {
      for (const [session, socket] of sessions) {
        session.destroy()
        // One that is over waits for its client to hang up as well.
        socket.destroy()
      }
    },
    limitHeaders(bytes) {
      maxHeaderBytes = bytes
      server.updateSettings({ maxHeaderListSize: bytes })
    },
  }
}

/** What is left of a request that is answered is nobody's: its client is told so, without a fault of its own (RFC 9113 §8.1). */
const stopSending = (request: Http2ServerRequest): void => {
  if (!request.complete) request.stream.close(constants.NGHTTP2_NO_ERROR)
}

const isGrpc = (type: string | undefined): boolean => type?.startsWith('application/grpc') === true

const bytesOf = (lines: readonly string[]): number => {
  let bytes = 0
  for (const line of lines) bytes += line.length
  return bytes
}

/** Whether authority and Host name different hosts (RFC 9113 §8.3.1). */
const isAmbiguous = ({ headers: { host, ':authority': authority } }: Http2ServerRequest): boolean =>
  host !== undefined && authority !== undefined && host.toLowerCase() !== authority.toLowerCase()

/**
 * A request as one of HTTP/1.1 has it (RFC 9113 §8.3.1, §8.2.3): the authority as Host, cookies in one line, and a body
 * of unknown length announced, so that whoever looks at headers need not know by which version it came.
 */
const asHttp1 = (request: Http2ServerRequest): IncomingMessage => {
  const { headers, rawHeaders } = request
  const { host = headers[':authority'] } = headers
  const lines: string[] = []
  let cookie: string | undefined
  if (host !== undefined) {
    headers.host = host
    lines.push('host', host)
  }
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const value = rawHeaders[i + 1] as string
    if (name === 'cookie') cookie = cookie === undefined ? value : `${cookie}; ${value}`
    else if (!name.startsWith(':') && name !== 'host') lines.push(name, value)
  }
  if (cookie !== undefined) lines.push('cookie', cookie)
  if (!request.stream.endAfterHeaders && headers['content-length'] === undefined)
    headers['transfer-encoding'] = 'chunked'
  rawHeaders.splice(0, rawHeaders.length, ...lines)
  return request as unknown as IncomingMessage
}

/** An answer on a connection that carries others too, and so has to count for itself. */
class Response extends Http2ServerResponse {
  /** Bytes of the body. */
  bytesSent = 0
  /** Why it was broken off by us, as answers of HTTP/1.1 say it. */
  override errored: Error | null = null

  override write(chunk: string | Uint8Array, ...rest: never[]): boolean {
    this.bytesSent += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length
    return super.write(chunk, ...rest)
  }

  /** Half an answer must not look like a whole one, as it would without an error code (RFC 9113 §8.1). */
  override destroy(error?: Error): this {
    this.errored = error ?? null
    if (!this.writableFinished) this.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    super.destroy()
    return this
  }
}

// Properties to the compiler, or to whoever takes it for an answer of HTTP/1.1.
Object.defineProperties(Response.prototype, {
  /** Whether we ended it, and all of it is sent: Node ends the stream of a client that resets it, too. */
  writableFinished: {
    get(this: Response): boolean {
      return this.writableEnded && !this.stream.aborted && this.stream.writableFinished
    },
  },
  /** Whether nobody reads it any more. Node says it of answers of HTTP/1.1 alone. */
  destroyed: {
    get(this: Response): boolean {
      return this.stream.destroyed
    },
  },
})

const ignored = (): void => undefined
