/** A message is preceded by a flag and its length (gRPC over HTTP/2, Length-Prefixed-Message). */
const prefixBytes = 5

/** Reads how long the messages of a call are, in whatever pieces they come, without keeping them. */
export class MessageSizes {
  readonly #most: number
  /** Bytes of a message that are still to come. */
  #left = 0
  #prefix: number[] = []

  constructor(most: number) {
    this.#most = most
  }

  /** The length of the first message that begins in this chunk and is too large; undefined where none is. */
  oversize(chunk: Uint8Array): number | undefined {
    let at = 0
    while (at < chunk.length) {
      const skipped = Math.min(this.#left, chunk.length - at)
      this.#left -= skipped
      at += skipped
      if (this.#left > 0 || at === chunk.length) return undefined
      this.#prefix.push(chunk[at] as number)
      at += 1
      if (this.#prefix.length < prefixBytes) continue
      this.#left = Buffer.from(this.#prefix).readUInt32BE(1)
      this.#prefix = []
      if (this.#left > this.#most) return this.#left
    }
    return undefined
  }
}
