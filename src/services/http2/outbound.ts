import type { Socket } from 'node:net'
import { ConnectionError, calm, errorCode } from './error.ts'
import type { Fields } from './fields.ts'
import { flag, frameType } from './frame.ts'
import { maxHeaderListBytes } from './header-blocks.ts'
import { emptyTable, mostBlockBytes, writeFields } from './hpack/encoder.ts'
import { Output } from './output.ts'
import { mostWindowBytes, type PeerSettings, setting, usualSettings, usualWindowBytes } from './settings.ts'
import { type ClientStream, streamWindowBytes } from './stream.ts'

/** A request: its head as a block made beforehand and fields of its own behind it, and its body. */
export type Asked = {
  readonly head: Buffer
  readonly fields: Fields
  readonly body: Buffer
  /** More of the body follows, by `write` and `end` of the stream. */
  readonly more?: boolean
  /** Whether its answer has no body, whatever length it tells: that of a HEAD. */
  readonly bodiless?: boolean
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/** Acknowledgements that a peer asks for and does not read are not kept without end. */
const mostOwed = 1_000

/** What is sent on one connection: frames, and bodies as far as the peer's windows allow (RFC 9113 §5.2). */
export class Outbound {
  settings: PeerSettings = usualSettings
  readonly #output: Output
  readonly #socket: Socket
  #window = usualWindowBytes
  /** Streams whose bodies wait for a window or the socket, in the order of their turn. */
  readonly #held = new Set<ClientStream>()
  #first = true
  /** Acknowledgements that were written since the socket last took all there was. */
  #owed = 0

  /** Begins as RFC 9113 §3.4 has it. */
  constructor(socket: Socket, connectionWindowBytes: number) {
    this.#socket = socket
    this.#output = new Output(socket)
    this.#output.slice(preface, 0, preface.length)
    this.#settings([
      [setting.enablePush, 0],
      [setting.initialWindowSize, streamWindowBytes],
      [setting.maxHeaderListSize, maxHeaderListBytes],
    ])
    this.grant(0, connectionWindowBytes - usualWindowBytes)
  }

  request(stream: ClientStream, { head, fields }: Asked): void {
    stream.sendWindow = this.settings.windowBytes
    const ends = !stream.more && stream.body.length === 0
    this.#head(stream.id, { head, fields, ends })
    stream.ended = ends
    if (!ends) this.#send(stream)
  }

  /** There is more of a stream's body, or its end. */
  send(stream: ClientStream): void {
    if (!this.#held.has(stream)) this.#send(stream)
  }

  reset(streamId: number, code: number): void {
    this.#output.frame(frameType.rstStream, 0, { streamId, length: 4 })
    this.#output.uint32(code)
  }

  /** Lets the peer send so many bytes more; on stream 0, on all together. */
  grant(streamId: number, bytes: number): void {
    this.#output.frame(frameType.windowUpdate, 0, { streamId, length: 4 })
    this.#output.uint32(bytes)
  }

  ping(data: Buffer, flags: number): void {
    this.#bounded()
    this.#output.frame(frameType.ping, flags, { streamId: 0, length: data.length })
    this.#output.slice(data, 0, data.length)
  }

  /** The last frame of all: it goes out at once. No stream is the peer's, so that the last of them is 0. */
  goaway(code: number): void {
    this.#output.frame(frameType.goaway, 0, { streamId: 0, length: 8 })
    this.#output.uint32(0)
    this.#output.uint32(code)
    this.#output.flush()
  }

  /** Takes new settings, and says so. What a window grows or shrinks by is that of every stream (RFC 9113 §6.9.2). */
  apply(settings: PeerSettings, streams: Iterable<ClientStream>): void {
    this.#bounded()
    const change = settings.windowBytes - this.settings.windowBytes
    this.settings = settings
    if (change !== 0) for (const stream of streams) stream.sendWindow = grown(stream.sendWindow, change)
    this.#output.frame(frameType.settings, flag.ack, { streamId: 0, length: 0 })
    if (change > 0) this.pump()
  }

  /** WINDOW_UPDATE of the connection. */
  allow(bytes: number): void {
    this.#window = grown(this.#window, bytes)
    this.pump()
  }

  allowStream(stream: ClientStream, bytes: number): void {
    stream.sendWindow = grown(stream.sendWindow, bytes)
    if (this.#held.delete(stream)) this.#send(stream)
  }

  forget(stream: ClientStream): void {
    if (this.#held.size > 0) this.#held.delete(stream)
  }

  /** Sends what may be sent by now. */
  pump(): void {
    const held = [...this.#held]
    this.#held.clear()
    for (const stream of held) this.#send(stream)
  }

  /** As much of a stream's body as windows and socket take. */
  #send(stream: ClientStream): void {
    const { body, id } = stream
    while (stream.sent < body.length) {
      const room = Math.min(this.#window, stream.sendWindow, this.settings.maxPayloadBytes)
      if (room <= 0 || this.#socket.writableNeedDrain) {
        this.#held.add(stream)
        return
      }
      const length = Math.min(room, body.length - stream.sent)
      const end = stream.sent + length
      stream.ended = end === body.length && !stream.more
      this.#output.frame(frameType.data, stream.ended ? flag.endStream : 0, { streamId: id, length })
      this.#output.slice(body, stream.sent, end)
      stream.sent = end
      stream.sendWindow -= length
      this.#window -= length
    }
    if (stream.more) stream.taken()
    else if (!stream.ended) {
      stream.ended = true
      this.#output.frame(frameType.data, flag.endStream, { streamId: id, length: 0 })
    }
  }

  #head(
    streamId: number,
    { head, fields, ends }: { readonly head: Buffer; readonly fields: Fields; readonly ends: boolean },
  ): void {
    const end = ends ? flag.endStream : 0
    const most = mostBlockBytes(fields)
    const own = most <= scratch.length ? scratch : Buffer.allocUnsafe(most)
    const ownLength = writeFields(fields, own, 0)
    const first = this.#first ? 1 : 0
    const length = first + head.length + ownLength
    if (length > this.settings.maxPayloadBytes) {
      this.#longHead(streamId, Buffer.concat([head, own.subarray(0, ownLength)]), end)
      return
    }
    this.#output.frame(frameType.headers, flag.endHeaders | end, { streamId, length })
    if (this.#first) this.#output.slice(tableUpdate, 0, 1)
    this.#first = false
    this.#output.slice(head, 0, head.length)
    this.#output.slice(own, 0, ownLength)
  }

  /** RFC 9113 §6.10. */
  #longHead(streamId: number, fields: Buffer, endStream: number): void {
    const block = this.#first ? Buffer.concat([tableUpdate, fields]) : fields
    this.#first = false
    const most = this.settings.maxPayloadBytes
    for (let at = 0; at < block.length; at += most) {
      const end = Math.min(at + most, block.length)
      const type = at === 0 ? frameType.headers : frameType.continuation
      const flags = (at === 0 ? endStream : 0) | (end === block.length ? flag.endHeaders : 0)
      this.#output.frame(type, flags, { streamId, length: end - at })
      this.#output.slice(block, at, end)
    }
  }

  #settings(settings: readonly (readonly [id: number, value: number])[]): void {
    this.#output.frame(frameType.settings, 0, { streamId: 0, length: settings.length * 6 })
    for (const [id, value] of settings) {
      this.#output.uint16(id)
      this.#output.uint32(value)
    }
  }

  #bounded(): void {
    if (this.#socket.writableLength === 0) this.#owed = 0
    this.#owed += 1
    if (this.#owed > mostOwed) throw calm('More is asked for than is read.')
  }
}

const tableUpdate = Buffer.from([emptyTable])

/** Where a call's own fields are written; used up before anything else runs. */
const scratch = Buffer.allocUnsafeSlow(4_096)

/** A window after it grew or shrank. Throws ConnectionError where it grew too large (RFC 9113 §6.9.1). */
const grown = (window: number, bytes: number): number => {
  const after = window + bytes
  if (after > mostWindowBytes) throw new ConnectionError(errorCode.flowControlError, 'A window is too large.')
  return after
}
