import { protocolError } from './error.ts'
import type { Asked } from './outbound.ts'
import type { ClientStream } from './stream.ts'

/** Ids are not used again (RFC 9113 §5.1.1). */
const lastId = 0x7fff_ffff

/** The streams of a connection by their ids, and the requests that wait for the peer to take one more. */
export class Streams {
  readonly #send: (stream: ClientStream, asked: Asked) => void
  readonly #open = new Map<number, ClientStream>()
  #waiting: { readonly stream: ClientStream; readonly asked: Asked }[] = []
  #nextId = 1
  /** How many the peer takes at once. */
  most = Number.POSITIVE_INFINITY

  constructor(send: (stream: ClientStream, asked: Asked) => void) {
    this.#send = send
  }

  /** Whether nothing is under way and nothing waits. */
  get idle(): boolean {
    return this.#open.size === 0 && this.#waiting.length === 0
  }

  /** Whether there are no more ids. */
  get exhausted(): boolean {
    return this.#nextId > lastId
  }

  add(stream: ClientStream, asked: Asked): void {
    this.#waiting.push({ stream, asked })
    this.begin()
  }

  /** Begins what waits, as far as the peer takes it. */
  begin(): void {
    while (this.#waiting.length > 0 && this.#open.size < this.most && !this.exhausted) {
      const { stream, asked } = this.#waiting.shift() as { stream: ClientStream; asked: Asked }
      stream.id = this.#nextId
      this.#nextId += 2
      this.#open.set(stream.id, stream)
      this.#send(stream, asked)
    }
  }

  remove(stream: ClientStream): void {
    if (stream.id > 0) this.#open.delete(stream.id)
    else this.#waiting = this.#waiting.filter((one) => one.stream !== stream)
  }

  all(): IterableIterator<ClientStream> {
    return this.#open.values()
  }

  /** Those that wait, which then wait no longer. */
  takeWaiting(): readonly ClientStream[] {
    return this.#waiting.splice(0).map(({ stream }) => stream)
  }

  /** The stream of an id, undefined where it is over. Throws ConnectionError where it never was (RFC 9113 §5.1.1). */
  known(id: number): ClientStream | undefined {
    if (id % 2 === 0 || id >= this.#nextId) throw protocolError('A stream that nobody opened.')
    return this.#open.get(id)
  }
}
