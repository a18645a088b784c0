import type { Socket } from 'node:net'
import { ConnectionError, calm, errorCode, protocolError } from './error.ts'
import { type Frame, FrameReader, flag, frameType, ofConnection, sized, unpadded } from './frame.ts'
import { type HeaderBlock, HeaderBlocks } from './header-blocks.ts'
import { type Asked, Outbound } from './outbound.ts'
import { readSettings } from './settings.ts'
import { ClientStream, type StreamHandler, type StreamOwner } from './stream.ts'
import { Streams } from './streams.ts'

/** Who is told of a connection. */
export type ConnectionOwner = {
  /** The peer's first settings are there: requests may be made. */
  onReady(): void
  /** The peer takes no more requests; those it has may end. */
  onGoaway(): void
  /** It is no more. Its streams were told. `cause`: where it ended by a mistake of the peer. */
  onClose(cause: Error | undefined): void
}

/** What the peer may send on all streams together before it is read. */
const connectionWindowBytes = 4_194_304

/** Heads of requests that were given up and never read are not kept without end. */
const mostUnreadBytes = 16_777_216

/** Where a socket reads to, as `onread` of Node's sockets has it: without the machinery of a stream. */
export type Reading = { readonly buffer: () => Buffer; readonly callback: (length: number) => boolean }

/** One HTTP/2 connection of a client (RFC 9113), strict: what breaks a rule of the connection ends it. */
export class ClientConnection implements StreamOwner {
  readonly #owner: ConnectionOwner
  readonly #socket: Socket
  readonly #reader = new FrameReader((frame) => this.#take(frame))
  readonly #blocks = new HeaderBlocks()
  readonly #out: Outbound
  readonly #streams = new Streams((stream, asked) => this.#out.request(stream, asked))
  #received = 0
  #reads = 0
  #ready = false
  #goingAway = false
  #pong: (() => void) | undefined
  #cause: Error | undefined

  /** `open` begins to open the socket, which may take its time; what is written meanwhile waits. */
  constructor(owner: ConnectionOwner, open: (reading: Reading) => Socket) {
    this.#owner = owner
    const socket = open({ buffer: () => this.#reader.target, callback: (length) => this.#onRead(length) })
    this.#socket = socket
    this.#out = new Outbound(socket, connectionWindowBytes)
    socket.on('drain', () => this.#out.pump())
    socket.on('error', (error) => (this.#cause ??= error))
    socket.once('close', () => this.#closed())
  }

  /** Whether requests are taken. */
  get open(): boolean {
    return this.#ready && !this.#goingAway && !this.#socket.destroyed
  }

  /** How often anything came. */
  get reads(): number {
    return this.#reads
  }

  get maxStreams(): number {
    return this.#streams.most
  }

  /** Sends a request; it waits where the peer has as many as it takes. Only while open. */
  request(asked: Asked, handler: StreamHandler): void {
    this.#streams.add(new ClientStream(this, asked, handler), asked)
    if (this.#streams.exhausted) this.#goAway()
    if (this.#socket.writableLength > mostUnreadBytes) this.#break(calm('The server does not read what it is sent.'))
  }

  /** Whether it holds the process. */
  ref(): void {
    this.#socket.ref()
  }

  unref(): void {
    this.#socket.unref()
  }

  /** Asks whether the peer is there, and calls back when it says so. One at a time. */
  ping(answered: () => void): void {
    this.#pong = answered
    this.#out.ping(noOpaqueData, 0)
  }

  /** Takes no more requests, and closes when the last one has ended. */
  close(): void {
    this.#goingAway = true
    if (this.#streams.idle) this.#leave(errorCode.noError)
  }

  /** Ends it with all that is under way. */
  destroy(): void {
    this.#leave(errorCode.cancel)
  }

  reset(stream: ClientStream, code: number): void {
    if (stream.id > 0) this.#out.reset(stream.id, code)
  }

  grant({ id }: ClientStream, bytes: number): void {
    this.#out.grant(id, bytes)
  }

  send(stream: ClientStream): void {
    this.#out.send(stream)
  }

  left(stream: ClientStream): void {
    this.#out.forget(stream)
    this.#streams.remove(stream)
    this.#streams.begin()
    if (this.#goingAway && this.#streams.idle) this.#leave(errorCode.noError)
  }

  /** Always true: reading never rests, for windows bound what comes. */
  #onRead(length: number): true {
    this.#reads += 1
    try {
      this.#reader.read(length)
    } catch (thrown) {
      this.#break(thrown as Error)
    }
    return true
  }

  #break(cause: Error): void {
    this.#cause ??= cause
    this.#leave(cause instanceof ConnectionError ? cause.code : errorCode.protocolError)
  }

  #take(frame: Frame): void {
    const { type, streamId } = frame
    // What an earlier frame of the same read brought has ended the connection.
    if (this.#socket.destroyed) return
    if (!this.#ready && type !== frameType.settings) throw protocolError('What answers does not begin as HTTP/2.')
    if (this.#blocks.open > 0 && type !== frameType.continuation) throw protocolError('A header block breaks off.')
    switch (type) {
      case frameType.data:
        return this.#takeData(frame)
      case frameType.headers:
        this.#streams.known(streamId)
        return this.#takeBlock(this.#blocks.headers(unpadded(frame)))
      case frameType.continuation:
        return this.#takeBlock(this.#blocks.continuation(frame))
      case frameType.rstStream:
        return this.#takeReset(frame)
      case frameType.settings:
        return this.#takeSettings(frame)
      case frameType.pushPromise:
        throw protocolError('Nobody asked for pushes.')
      case frameType.ping:
        return this.#takePing(frame)
      case frameType.goaway:
        return this.#takeGoaway(frame)
      case frameType.windowUpdate:
        return this.#takeWindowUpdate(frame)
      case frameType.priority:
        if (streamId === 0) throw protocolError('PRIORITY of no stream.')
        return sized(frame, 5)
      // What is not known is passed over (RFC 9113 §5.5).
    }
  }

  #takeData(frame: Frame): void {
    const { streamId, flags } = frame
    const length = frame.end - frame.start
    const stream = this.#streams.known(streamId)
    const { bytes, start, end } = unpadded(frame)
    // Credited as it is read: what a slow reader holds back, its own stream's window bounds.
    this.#received += length
    if (this.#received >= connectionWindowBytes / 2) {
      this.#out.grant(0, this.#received)
      this.#received = 0
    }
    // Streams that are over may still be sent to for a while (RFC 9113 §5.1).
    if (stream === undefined) return
    stream.onData(bytes, { start, end, length })
    if ((flags & flag.endStream) !== 0) stream.onDataEnd()
  }

  #takeBlock(block: HeaderBlock | undefined): void {
    const stream = block === undefined ? undefined : this.#streams.known(block.streamId)
    if (block === undefined || stream === undefined) return
    if (block.refused === undefined) stream.onHeaders(block.fields, block.endStream)
    else stream.broke(block.refused)
  }

  #takeReset(frame: Frame): void {
    sized(frame, 4)
    const stream = this.#streams.known(frame.streamId)
    const code = frame.bytes.readUInt32BE(frame.start)
    const unprocessed = code === errorCode.refusedStream
    stream?.fail(`The stream was reset with code ${code}.`, { unprocessed })
  }

  #takeSettings(frame: Frame): void {
    ofConnection(frame)
    if ((frame.flags & flag.ack) !== 0) {
      sized(frame, 0)
      if (!this.#ready) throw protocolError('What answers does not begin as HTTP/2.')
      return
    }
    this.#out.apply(readSettings(this.#out.settings, frame), this.#streams.all())
    this.#streams.most = this.#out.settings.maxStreams
    this.#streams.begin()
    if (!this.#ready) {
      this.#ready = true
      this.#owner.onReady()
    }
  }

  #takePing(frame: Frame): void {
    ofConnection(frame)
    sized(frame, 8)
    if ((frame.flags & flag.ack) === 0) this.#out.ping(frame.bytes.subarray(frame.start, frame.end), flag.ack)
    else {
      this.#pong?.()
      this.#pong = undefined
    }
  }

  #takeGoaway(frame: Frame): void {
    ofConnection(frame)
    if (frame.end - frame.start < 8) throw new ConnectionError(errorCode.frameSizeError, 'GOAWAY is too short.')
    const last = frame.bytes.readUInt32BE(frame.start) & 0x7fff_ffff
    this.#goAway()
    for (const stream of this.#streams.all())
      if (stream.id > last) stream.fail('The service goes away.', { unprocessed: true })
    if (this.#streams.idle) this.#leave(errorCode.noError)
  }

  /** Takes no more requests, and says so; those that wait may be made elsewhere. */
  #goAway(): void {
    if (!this.#goingAway) {
      this.#goingAway = true
      this.#owner.onGoaway()
    }
    for (const stream of this.#streams.takeWaiting()) stream.fail('The service goes away.', { unprocessed: true })
  }

  #takeWindowUpdate(frame: Frame): void {
    sized(frame, 4)
    const increment = frame.bytes.readUInt32BE(frame.start) & 0x7fff_ffff
    if (increment === 0) throw protocolError('A window grows by nothing.')
    const stream = frame.streamId === 0 ? undefined : this.#streams.known(frame.streamId)
    if (frame.streamId === 0) this.#out.allow(increment)
    else if (stream !== undefined) this.#out.allowStream(stream, increment)
  }

  #leave(code: number): void {
    this.#goingAway = true
    if (this.#socket.destroyed) return
    this.#out.goaway(code)
    this.#socket.destroy()
  }

  #closed(): void {
    this.#goingAway = true
    const cause = this.#cause
    const message = cause?.message ?? 'The connection ended before the answer was complete.'
    for (const stream of this.#streams.takeWaiting()) stream.fail(message, { unprocessed: true, cause })
    for (const stream of this.#streams.all()) stream.fail(message, { cause })
    this.#owner.onClose(cause)
  }
}

const noOpaqueData = Buffer.alloc(8)
