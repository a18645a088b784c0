/** Header lines by name in lower case. */
export type HeaderValues = Readonly<Record<string, string>>

/**
 * What browsers are told of answers that the gateway itself makes: no guessing of types, no address in Referer, no
 * frame of any page around them, no embedding by other origins (OWASP REST Security Cheat Sheet). None of it keeps
 * `fetch` of an origin that CORS allows from reading them.
 */
export const safeHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'content-security-policy': "frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
} as const satisfies HeaderValues

/** The names of headers by which an answer guards itself: where a service has said one, its word counts. */
export const guardingHeaders = [
  'x-content-type-options',
  'referrer-policy',
  'x-frame-options',
  'content-security-policy',
  'cross-origin-resource-policy',
  'cross-origin-opener-policy',
  'cross-origin-embedder-policy',
  'permissions-policy',
  'x-permitted-cross-domain-policies',
] as const
