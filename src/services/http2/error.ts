/** Error codes of HTTP/2 (RFC 9113 §7), as far as a client sends or reads them. */
export const errorCode = {
  noError: 0x0,
  protocolError: 0x1,
  flowControlError: 0x3,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  enhanceYourCalm: 0xb,
} as const

/** The connection cannot go on: what the peer sent breaks the rules, and nothing after it can be read (RFC 9113 §5.4.1). */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  /** Sent in GOAWAY. */
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export const protocolError = (message: string): ConnectionError => new ConnectionError(errorCode.protocolError, message)

export const compressionError = (message: string): ConnectionError =>
  new ConnectionError(errorCode.compressionError, message)

/** The peer asks for more than is its due (RFC 9113 §10.5). */
export const calm = (message: string): ConnectionError => new ConnectionError(errorCode.enhanceYourCalm, message)

/** How a stream ended that did not end well. */
export class StreamError extends Error {
  override readonly name = 'StreamError'
  /** Whether the peer says that it did nothing with the request (RFC 9113 §6.8, §8.7), so that it may be repeated. */
  readonly unprocessed: boolean

  constructor(message: string, { unprocessed, cause }: { readonly unprocessed: boolean; readonly cause?: unknown }) {
    super(message, { cause })
    this.unprocessed = unprocessed
  }
}
