import { randomHex } from './random-hex.ts'

const wellFormed = /^[A-Za-z0-9._~-]{1,128}$/

/**
 * The id of a request: its `X-Request-Id` where that is one well-formed value, else a fresh one of 32 hexadecimal digits. Repeated headers
 * come joined by a comma, which is not well-formed.
 */
export const requestId = (given: string | readonly string[] | undefined): string =>
  typeof given === 'string' && wellFormed.test(given) ? given : randomHex(32)
