import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { WireError } from '../../../../../src/services/rest/wire/error.ts'
import type { AnswerHandler, Flight } from '../../../../../src/services/rest/wire/flight.ts'
import type { ResponseHead } from '../../../../../src/services/rest/wire/head.ts'
import { Origin, type OriginOptions } from '../../../../../src/services/rest/wire/origin.ts'
import type { WireRequest } from '../../../../../src/services/rest/wire/request.ts'

export type Answer = { readonly status: number; readonly headers: readonly string[]; readonly body: string }

/** Reads an answer whole, and counts what it is told. */
export class Reader implements AnswerHandler {
  readonly #settled = Promise.withResolvers<Answer>()
  readonly answer: Promise<Answer> = this.#settled.promise
  readonly head = Promise.withResolvers<ResponseHead>()
  readonly chunks: Buffer[] = []
  onChunk: (chunk: Buffer) => void = (chunk) => this.chunks.push(chunk)
  /** Whether it says that it is done with what it got. */
  done = false
  endings = 0

  constructor() {
    this.answer.catch(() => {})
    this.head.promise.catch(() => {})
  }

  onHead(head: ResponseHead): void {
    this.head.resolve(head)
  }

  onData(chunk: Buffer): boolean {
    this.onChunk(chunk)
    return this.done
  }

  async onEnd(): Promise<void> {
    this.endings += 1
    const { status, headers } = await this.head.promise
    this.#settled.resolve({ status, headers, body: Buffer.concat(this.chunks).toString('latin1') })
  }

  onError(error: WireError): void {
    this.endings += 1
    this.head.reject(error)
    this.#settled.reject(error)
  }
}

export type Client = {
  readonly origin: Origin
  /** Sends a request and gives its flight and its reader. */
  readonly send: (request?: Partial<WireRequest>) => { flight: Flight; reader: Reader }
  /** Sends a request and gives its answer. */
  readonly ask: (request?: Partial<WireRequest>) => Promise<Answer>
}

export const connect = (t: TestContext, options: OriginOptions): Client => {
  const origin = new Origin(options)
  t.after(() => origin.close())
  const send = (request: Partial<WireRequest> = {}) => {
    const reader = new Reader()
    const whole = { method: 'GET', path: '/', headers: [], body: null, repeatable: false, ...request }
    return { flight: origin.dispatch(whole, reader), reader }
  }
  return { origin, send, ask: (request) => send(request).reader.answer }
}

export const listen = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A service that answers each read with bytes of its own, and all the bytes it got. */
export const rawService = async (
  t: TestContext,
  answer: (socket: Socket, read: number, bytes: string) => void,
  options: Partial<OriginOptions> = {},
) => {
  const sockets: Socket[] = []
  let reads = 0
  let received = ''
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      reads += 1
      answer(socket, reads, chunk.toString('latin1'))
    })
  })
  const port = await listen(server)
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    ...connect(t, { origin: `http://127.0.0.1:${port}`, ...options }),
    port,
    sockets,
    reads: () => reads,
    received: () => received,
  }
}

export const closed = async (socket: Socket | undefined): Promise<void> => {
  if (socket?.closed === false) await new Promise((resolve) => socket.once('close', resolve))
}

/** The error a promise fails with. */
export const failure = async (promise: Promise<unknown>): Promise<WireError> => {
  try {
    await promise
  } catch (error) {
    return error as WireError
  }
  throw new Error('It succeeded.')
}

export const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
