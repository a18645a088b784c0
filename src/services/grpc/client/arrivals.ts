import type { Problem } from '../../../kernel/problem.ts'

/** What a queue of arrivals asks of where they come from. */
export type ArrivalSource = {
  /** Asks for one more message. Called again only when that one has come. */
  readonly more: () => void
  /** The consumer left early. */
  readonly left: () => void
}

/** Bytes of messages that are read ahead of a slow consumer; one message more may be on its way. */
const readAheadBytes = 65_536

const over = { done: true, value: undefined } as const

/**
 * Messages on their way to one consumer. A little is read ahead, so that messages sent before an error are not
 * lost to it; past that the source is held back. Iterated once.
 */
export class Arrivals implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined> {
  readonly #source: ArrivalSource
  #queue: Uint8Array[] = []
  #bytes = 0
  #asked = false
  #waiting: PromiseWithResolvers<IteratorResult<Uint8Array, undefined>> | undefined
  #left = false
  #end: { readonly problem: Problem | undefined } | undefined

  constructor(source: ArrivalSource) {
    this.#source = source
  }

  /** Starts reading ahead. */
  start(): void {
    if (this.#asked || this.#end !== undefined || this.#bytes >= readAheadBytes) return
    this.#asked = true
    this.#source.more()
  }

  /** Whether one more message is asked for. */
  get asking(): boolean {
    return this.#asked
  }

  arrived(message: Uint8Array): void {
    this.#asked = false
    const waiting = this.#waiting
    if (waiting === undefined) {
      this.#queue.push(message)
      // An empty message is not free to keep.
      this.#bytes += message.length + 64
    } else {
      this.#waiting = undefined
      waiting.resolve({ done: false, value: message })
    }
    this.start()
  }

  /** No more messages come: the call ended well, or with a problem, which is told after the messages that came. */
  ended(problem?: Problem): void {
    if (this.#end !== undefined) return
    this.#end = { problem }
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) return
    if (problem === undefined) waiting.resolve(over)
    else this.#fail(waiting, problem)
  }

  /** Messages that came are of no use any more, and the problem is told at once. */
  broken(problem: Problem): void {
    this.#queue = []
    this.#bytes = 0
    this.ended(problem)
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const message = this.#queue.shift()
    if (message !== undefined) {
      this.#bytes -= message.length + 64
      this.start()
      return Promise.resolve({ done: false, value: message })
    }
    if (this.#left) return Promise.resolve(over)
    if (this.#end === undefined) {
      this.#waiting = Promise.withResolvers()
      return this.#waiting.promise
    }
    const { problem } = this.#end
    // A problem is told once.
    this.#left = true
    return problem === undefined ? Promise.resolve(over) : Promise.reject(problem)
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#left = true
    this.#queue = []
    this.#waiting?.resolve(over)
    this.#waiting = undefined
    if (this.#end === undefined) {
      this.#end = { problem: undefined }
      this.#source.left()
    }
    return Promise.resolve(over)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #fail(waiting: PromiseWithResolvers<IteratorResult<Uint8Array, undefined>>, problem: Problem): void {
    this.#left = true
    waiting.reject(problem)
  }
}
