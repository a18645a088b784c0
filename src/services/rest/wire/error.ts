/**
 * What went wrong on the way to a service and back:
 * - `invalid_request`: not a message HTTP can carry; nothing of it was written.
 * - `unreachable`, `connect_timeout`: no connection could be opened.
 * - `broken`: the connection ended before the answer was complete.
 * - `malformed`: what came is not HTTP/1.1 as we read it, or is longer than its bounds.
 * - `closed`: the origin is closed for good.
 */
export type WireErrorCode = 'invalid_request' | 'unreachable' | 'connect_timeout' | 'broken' | 'malformed' | 'closed'

/** An exchange that failed. Messages name neither hosts nor values; what the system said is in `cause`. */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly code: WireErrorCode

  /** Whether nothing of the request was sent, so that it may be repeated whatever it does. */
  get neverSent(): boolean {
    return this.code === 'unreachable' || this.code === 'connect_timeout'
  }

  constructor(code: WireErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

export const malformed = (what: string): WireError => new WireError('malformed', `The answer has ${what}.`)
