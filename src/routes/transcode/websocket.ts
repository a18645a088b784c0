import type { FastifyRequest } from 'fastify'
import type { RawData, WebSocket } from 'ws'
import { codes } from '../../kernel/code.ts'
import { watchEnd } from '../../kernel/expiry.ts'
import { maskProblem } from '../../kernel/mask/errors.ts'
import { asProblem, Problem, problemJson } from '../../kernel/problem.ts'
import { Aborter } from '../../kernel/signal.ts'
import { sharedContextOf } from '../../services/call-context.ts'
import type { GrpcExchange } from '../../services/grpc/client/exchange.ts'
import type { OpenSocket } from '../../telemetry/observers.ts'
import { countSocket } from '../../telemetry/open-sockets.ts'
import { maskedReader } from './answer.ts'
import type { Binding } from './binding.ts'
import { answersOf, type Sending } from './exchange.ts'
import { requestMetadata } from './metadata.ts'
import type { StreamTools } from './stream.ts'
import { queryOf } from './unary.ts'

/** Serves a call over a WebSocket that is open: one JSON message a frame each way. */
export type ServeSocket = (socket: WebSocket, request: FastifyRequest, segments: readonly string[]) => void

/** Close codes of applications begin at 4000 (RFC 6455 §7.4.2); the gRPC status of a failed call is added. */
const closeCodeOf = (problem: Problem): number => 4_000 + codes[problem.code].grpc

/**
 * A streaming method over a WebSocket. An empty frame says that the client sends no more. The call's end closes with
 * 1000; a failure is a last frame `{"error": {…}}` and a close code of 4000 plus its gRPC status. A client that closes
 * cancels the call.
 */
export const serveSocket = (binding: Binding, tools: StreamTools): ServeSocket => {
  const { method } = binding
  return (socket, request, segments) => {
    const masker = tools.masks?.answersFor(request.caller)
    const answer = maskedReader(binding, masker)
    const gone = new Aborter()
    const counted = tools.opened?.()
    const endsBy = countSocket(socket, counted)
    socket.once('close', () => gone.abort())
    const fail = (thrown: unknown): void => {
      endsBy('service')
      const problem = asProblem(thrown)
      if (socket.readyState !== socket.OPEN) return
      socket.send(`{"error":${JSON.stringify(problemJson(maskProblem(problem, masker), request.id))}}`)
      socket.close(closeCodeOf(problem), problem.code)
    }
    if (answer.kind === 'raw') {
      fail(new Problem('UNIMPLEMENTED', 'Bytes of other media types do not travel over WebSockets here.'))
      return
    }
    let exchange: GrpcExchange
    try {
      const context = { ...sharedContextOf(request, tools.deadlineOf(request)), signal: gone }
      exchange = tools.open(requestMetadata(tools.metadata, request), context)
    } catch (thrown) {
      fail(thrown)
      return
    }
    const shared = { segments, query: queryOf(request), contentType: undefined }
    const sending = sendFrames(socket, exchange, {
      encode: (body) => binding.request.encode({ ...shared, body }),
      single: !method.requestStream,
      framed: binding.request.body !== 'none',
      passed: counted?.passed,
    })
    const ending = watchEnd(request.caller, tools.endings)
    const stop = (): void => {
      const { reason } = ending.signal
      endsBy(reason instanceof Problem && reason.code === 'UNAUTHENTICATED' ? 'expired' : 'drain')
      fail(reason)
      exchange.cancel()
    }
    if (ending.signal.aborted) stop()
    else ending.signal.addEventListener('abort', stop)
    const watch = watchPeer(socket, tools.heartbeatMs, () => endsBy('idle'))
    void sendAnswers(socket, answersOf(exchange, sending, answer.read), counted?.passed)
      .finally(() => endsBy(sending.failure() === undefined ? 'service' : 'invalid messages'))
      .then(() => socket.close(1_000), fail)
      .finally(() => {
        clearInterval(watch)
        ending.release()
        exchange.cancel()
      })
  }
}

/** The next message is read when the one before has been written out. */
const sendAnswers = async (
  socket: WebSocket,
  answers: AsyncIterator<string, undefined>,
  passed: OpenSocket['passed'] | undefined,
): Promise<void> => {
  for (;;) {
    const { done, value } = await answers.next()
    if (done === true || socket.readyState !== socket.OPEN) return
    passed?.('service', 1)
    await new Promise<void>((resolve) => {
      socket.send(value, () => resolve())
    })
  }
}

type Frames = {
  readonly encode: (frame: Buffer | undefined) => Buffer
  /** Whether the first message is the only one. */
  readonly single: boolean
  /** False where all of the message stands in path and query: it waits for no frame. */
  readonly framed: boolean
  readonly passed: OpenSocket['passed'] | undefined
}

/** Frames are taken as the service takes messages: until then nothing is read from the socket. */
const sendFrames = (socket: WebSocket, exchange: GrpcExchange, { encode, single, framed, passed }: Frames): Sending => {
  let failure: Problem | undefined
  let ended = false
  let waiting = 0
  let sent: Promise<void> = Promise.resolve()
  const refuse = (problem: Problem): void => {
    failure ??= problem
    exchange.cancel()
  }
  const end = (): void => {
    if (ended) return
    ended = true
    void sent.then(() => exchange.end())
  }
  const take = (frame: Buffer | undefined): void => {
    let message: Buffer
    try {
      message = encode(frame)
    } catch (thrown) {
      return refuse(asProblem(thrown))
    }
    waiting += 1
    socket.pause()
    sent = sent
      .then(() => exchange.send(message))
      .catch((thrown: unknown) => refuse(asProblem(thrown)))
      .then(() => {
        waiting -= 1
        if (waiting === 0) socket.resume()
      })
    if (single) end()
  }
  socket.on('message', (data: RawData, isBinary: boolean) => {
    passed?.('client', 1)
    if (failure !== undefined) return
    const frame = data as Buffer
    if (isBinary) return refuse(new Problem('INVALID_ARGUMENT', 'A frame should be text: one JSON message.'))
    if (frame.length === 0) return end()
    if (ended) return refuse(new Problem('FAILED_PRECONDITION', 'A message came after the last one.'))
    take(frame)
  })
  if (!framed) take(undefined)
  return { failure: () => failure, stop: () => undefined }
}

/** Ends the connection of a peer that no longer answers pings (RFC 6455 §5.5.2). */
const watchPeer = (socket: WebSocket, everyMs: number, silent: () => void): NodeJS.Timeout => {
  let alive = true
  socket.on('pong', () => {
    alive = true
  })
  return setInterval(() => {
    // A paused socket hears no pong.
    if (!alive && !socket.isPaused) {
      silent()
      return socket.terminate()
    }
    alive = false
    socket.ping()
  }, everyMs)
}
