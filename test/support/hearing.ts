import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** One request as a service heard it. */
export type Heard = {
  readonly by: 'http1' | 'http2'
  readonly url: string
  /** Header lines, those behind the body too. */
  readonly lines: readonly string[]
  /** Of HTTP/2. */
  readonly body?: Buffer
}

export type Hearing = {
  /** Where HTTP/1.1 is spoken, WebSockets too, and a token is given at `/token`. */
  readonly http1: string
  /** Where HTTP/2 is spoken with prior knowledge, gRPC too: every call is answered by an empty message. */
  readonly http2: string
  /** What was heard since it was asked for last. */
  readonly take: () => readonly Heard[]
  /** How much that would be. */
  readonly count: () => number
}

/** Services that answer everything, and remember how they were asked. `answer` is the JSON of HTTP. */
export const startHearing = async (t: TestContext, answer: string | ((url: string) => string)): Promise<Hearing> => {
  let heard: Heard[] = []
  const answerTo = typeof answer === 'string' ? (): string => answer : answer
  const http1 = createServer((request, response) => {
    request.resume().on('end', () => {
      const { url = '', rawHeaders, rawTrailers } = request
      response.setHeader('content-type', 'application/json')
      if (url === '/token') return response.end('{"access_token":"own","token_type":"Bearer","expires_in":3600}')
      heard.push({ by: 'http1', url, lines: [...rawHeaders, ...rawTrailers] })
      return response.end(answerTo(url))
    })
  })
  http1.on('upgrade', ({ url = '', rawHeaders, headers }: IncomingMessage, socket: Socket) => {
    heard.push({ by: 'http1', url, lines: rawHeaders })
    socket.on('error', () => socket.destroy())
    socket.end(switching(headers['sec-websocket-key'] ?? ''))
  })
  const http2 = createHttp2Server()
  http2.on('stream', (stream: ServerHttp2Stream, headers, _flags, raw: string[]) => {
    const url = headers[':path'] ?? ''
    const lines = raw.filter((_line, at) => raw[at - (at % 2)]?.startsWith(':') === false)
    stream.on('trailers', (_trailers, _lastFlags, behind: string[]) => lines.push(...behind))
    stream.on('error', () => undefined)
    const chunks: Buffer[] = []
    stream
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        heard.push({ by: 'http2', url, lines, body: Buffer.concat(chunks) })
        if (headers['content-type']?.startsWith('application/grpc') !== true) {
          stream.respond({ 'content-type': 'application/json' })
          return void stream.end(answerTo(url))
        }
        stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
        return void stream.end(Buffer.alloc(5))
      })
  })
  const origins = await Promise.all(
    [http1, http2].map(async (server) => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    }),
  )
  t.after(() => {
    http1.closeAllConnections()
    http1.close()
    http2.close()
  })
  return {
    http1: origins[0] as string,
    http2: origins[1] as string,
    take() {
      const taken = heard
      heard = []
      return taken
    },
    count: () => heard.length,
  }
}

/** RFC 6455 §4.2.2, and nothing behind it. */
const switching = (key: string): string => {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  return `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept}\r\n\r\n`
}
