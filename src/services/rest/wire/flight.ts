import type { Socket } from 'node:net'
import type { Link } from '../../targets/target.ts'
import type { WireError } from './error.ts'
import type { ResponseHead } from './head.ts'
import type { WireRequest } from './request.ts'

/** Who is told of an answer. Told of an error or of the end, and nothing after either. */
export type AnswerHandler = {
  /** The final answer's head. */
  onHead(head: ResponseHead): void
  /** Early Hints (103, RFC 8297) before it; other interim answers are not told. */
  onHints?(head: ResponseHead): void
  /** Whether it is done with the chunk when this returns: then the next read may write over it. One that it keeps costs a new buffer. */
  onData(chunk: Buffer): boolean
  /** `trailers`: name, value, name, value; undefined for none. */
  onEnd(trailers?: readonly string[]): void
  onError(error: WireError): void
  /**
   * The service speaks another protocol from here on (101), and the socket is the handler's: nothing else is told. What
   * is returned takes what is read, and says like `onData` whether it is done with it.
   */
  onSwitch?(head: ResponseHead, socket: Socket): Take
}

/** Takes what a connection brings after it has changed protocols. */
export type Take = (chunk: Buffer) => boolean

/** One request on its way, to whoever sent it. */
export type Sent = {
  /** Whether it has a connection. Nothing has been written before that. */
  readonly sent: boolean
  /** Holds the answer back: what is on its way here still comes, at most 64 KiB, or a stream's window in HTTP/2. */
  pause(): void
  resume(): void
  /** Gives the exchange up. The handler is told nothing more. */
  abort(): void
}

/** Leads to one address of a service, by whichever version of HTTP. */
export type RestLink = Link & { dispatch(request: WireRequest, handler: AnswerHandler): Sent }

/** What carries a flight: its connection. */
export type Carrier = { pause(): void; resume(): void; drop(flight: Flight): void }

/** Where a flight waits for a connection. */
export type WaitingRoom = { leave(flight: Flight): void }

/** One request on its way: waiting for a connection, or alone on one. */
export class Flight implements Sent {
  readonly request: WireRequest
  readonly handler: AnswerHandler
  readonly head: string
  readonly #room: WaitingRoom
  /** The connection it is on; the wire's own to change. */
  connection: Carrier | undefined
  /** Whether it has been sent a second time. */
  repeated = false
  #over = false

  constructor(room: WaitingRoom, head: string, { request, handler }: { request: WireRequest; handler: AnswerHandler }) {
    this.#room = room
    this.head = head
    this.request = request
    this.handler = handler
  }

  /** Whether it has a connection. Nothing has been written before that. */
  get sent(): boolean {
    return this.connection !== undefined
  }

  /** Holds the answer back: what the last read brought still comes, at most 64 KiB. */
  pause(): void {
    this.connection?.pause()
  }

  resume(): void {
    this.connection?.resume()
  }

  /** Gives the exchange up, and a connection in the middle of it. The handler is told nothing more. */
  abort(): void {
    if (this.#over) return
    this.#over = true
    if (this.connection === undefined) this.#room.leave(this)
    else this.connection.drop(this)
  }

  /** The wire's: its connection failed it, and it waits for another. */
  repeat(): void {
    this.#over = false
    this.repeated = true
  }

  /** The wire's: it is over, one way or the other. */
  end(): void {
    this.#over = true
    this.connection = undefined
  }
}
