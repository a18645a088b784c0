import type { IncomingMessage } from 'node:http'
import type { ClientHttp2Stream } from 'node:http2'
import { MessageSizes } from './message-sizes.ts'

/** What is kept of a call to be sent again. */
const mostKeptBytes = 65_536

export type UploadOptions = {
  /** The largest message. */
  readonly maxMessageBytes: number | undefined
  /** Called once, where a message is larger. */
  readonly tooLarge: (bytes: number) => void
}

/**
 * What the client of a call sends, on its way to the service: as it comes, no faster than the service reads. As long as
 * nothing was answered its first 64 KiB are kept, for a service that does nothing with the call.
 */
export class Upload {
  readonly #raw: IncomingMessage
  readonly #sizes: MessageSizes | undefined
  readonly #tooLarge: UploadOptions['tooLarge']
  #stream: ClientHttp2Stream | undefined
  #kept: Buffer[] | undefined = []
  #keptBytes = 0
  #ended = false

  constructor(raw: IncomingMessage, { maxMessageBytes, tooLarge }: UploadOptions) {
    this.#raw = raw
    this.#sizes = maxMessageBytes === undefined ? undefined : new MessageSizes(maxMessageBytes)
    this.#tooLarge = tooLarge
  }

  /** Whether all that was sent can be sent again. */
  get repeatable(): boolean {
    return this.#kept !== undefined
  }

  /** Sends it to the service: from its beginning, where it was sent to another stream before. */
  to(stream: ClientHttp2Stream): void {
    const first = this.#stream === undefined
    this.#stream = stream
    stream.on('drain', this.#resume)
    for (const chunk of this.#kept ?? []) stream.write(chunk)
    if (this.#ended) stream.end()
    if (first) this.#raw.on('data', this.#onData).once('end', this.#onEnd)
    else this.#resume()
  }

  /** It will not be sent again. */
  settle(): void {
    this.#kept = undefined
  }

  /** No more of it is sent. */
  stop(): void {
    this.settle()
    this.#stream?.off('drain', this.#resume)
    this.#stream = undefined
    this.#raw.off('data', this.#onData).off('end', this.#onEnd)
  }

  readonly #resume = (): void => void this.#raw.resume()

  readonly #onData = (chunk: Buffer): void => {
    const size = this.#sizes?.oversize(chunk)
    if (size !== undefined) return this.#tooLarge(size)
    this.#keep(chunk)
    // A stream that is over takes nothing, and says why itself.
    if (this.#stream?.writable === true && !this.#stream.write(chunk)) this.#raw.pause()
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    this.#stream?.end()
  }

  #keep(chunk: Buffer): void {
    this.#keptBytes += chunk.length
    if (this.#keptBytes > mostKeptBytes) this.#kept = undefined
    else this.#kept?.push(chunk)
  }
}
