import { forwardedValue } from './forwarded.ts'
import type { RequestFacts } from './request-facts.ts'

/** Header hygiene between a client and a service. Headers are flat lists: name, value, name, value. */

type Verdict = 'keep' | 'drop' | 'credential' | 'authorization' | 'connection'

/** RFC 9110 §7.6.1, and what our own message says anew. `expect` is answered by the gateway, `grpc-timeout` counted down. */
const hopByHop = new Set([
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const replaced = new Set(['host', 'content-length', 'expect', 'http2-settings', 'grpc-timeout'])

/** Only a gateway may say these: who calls, from where, and with which method or path the request first came. */
const vouched =
  /^(?:x-forwarded(?:-.*)?|forwarded|x-real-ip|true-client-ip|cf-connecting-ip|fastly-client-ip|x-client-ip|x-cluster-client-ip|x-client-cert.*|client-cert(?:-.*)?|ssl-client-.*|x-ssl-.*|x-consumer-.*|x-credential-.*|x-anonymous-consumer|x-auth-.*|x-authenticated-.*|x-user.*|x-remote-.*|remote-user|x-jwt-.*|x-envoy-.*|x-original-.*|x-rewrite-.*|portico-mirror|x-host|x-http-method(?:-override)?|x-method-override|proxy)$/

const judge = (name: string): Verdict => {
  if (name === 'connection') return 'connection'
  if (name === 'authorization') return 'authorization'
  if (name === 'cookie') return 'credential'
  // CGI, WSGI and PHP read `x_user` as `x-user`.
  if (hopByHop.has(name) || replaced.has(name) || name.includes('_') || vouched.test(name)) return 'drop'
  return 'keep'
}

/** Whether a header (lower case) is the client's own to say: neither of one hop, nor about who calls. */
export const isOwnOfClient = (name: string): boolean => judge(name) === 'keep'

// Clients repeat their names, in one spelling each: judged once. Bounded, for the names are theirs to invent.
const verdicts = new Map<string, Verdict>()
const verdictOf = (name: string): Verdict => {
  let verdict = verdicts.get(name)
  if (verdict === undefined) {
    verdict = judge(name.toLowerCase())
    if (verdicts.size < 1_024 && name.length <= 64) verdicts.set(name, verdict)
  }
  return verdict
}

/**
 * The headers a service gets: the client's without hop-by-hop ones, without those its Connection headers name and
 * without those only a gateway may say; then the gateway's own. Content-Length is the sender's to add.
 */
export const requestHeaders = (raw: readonly string[], facts: RequestFacts): string[] => {
  const kept: string[] = []
  let named: Set<string> | undefined
  let authorized = false
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string
    const value = raw[i + 1] as string
    const verdict = verdictOf(name)
    if (verdict === 'keep') {
      if (facts.withheld?.has(name.toLowerCase()) !== true) kept.push(name, value)
    } else if (verdict === 'connection') named = addNamed(named, value)
    else if (verdict === 'credential' && facts.credentials) kept.push(name, value)
    else if (verdict === 'authorization' && facts.credentials && !authorized) {
      // The first is the one that was verified: a second could speak for somebody else.
      authorized = true
      kept.push(name, value)
    }
  }
  const headers = named === undefined ? kept : without(kept, named)
  const { forwardedHeaders } = facts
  if (forwardedHeaders !== 'forwarded')
    headers.push(
      'x-forwarded-for',
      facts.forwardedFor,
      'x-forwarded-proto',
      facts.proto,
      'x-forwarded-host',
      facts.host,
    )
  if (forwardedHeaders !== undefined && forwardedHeaders !== 'x-forwarded')
    headers.push('forwarded', forwardedValue(facts))
  headers.push('via', `${facts.version} portico`)
  return headers
}

const common = /^\s*(?:keep-alive|close|upgrade)\s*$/i

const addNamed = (named: Set<string> | undefined, value: string): Set<string> | undefined => {
  if (common.test(value)) return named
  const names = named ?? new Set<string>()
  for (const name of value.split(',')) names.add(name.trim().toLowerCase())
  return names
}

const without = (headers: readonly string[], named: ReadonlySet<string>): string[] => {
  const rest: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string
    if (!named.has(name.toLowerCase())) rest.push(name, headers[i + 1] as string)
  }
  return rest
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

/** A service's headers for the client: lower-case names, each value still separate; Content-Length as the service declared it. */
export type ResponseHeaders = { readonly headers: string[]; readonly contentLength: number | undefined }

/**
 * The headers of a service's answer without hop-by-hop ones and those its Connection headers name. Undefined where
 * a name or value is not valid HTTP (RFC 9110 §5.1, §5.5): such an answer is never passed on.
 */
export const responseHeaders = (raw: readonly (Buffer | string)[]): ResponseHeaders | undefined => {
  const kept: string[] = []
  let named: Set<string> | undefined
  let contentLength: number | undefined
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = text(raw[i]).toLowerCase()
    const value = text(raw[i + 1])
    if (!token.test(name) || !fieldValue.test(value)) return undefined
    if (name === 'connection') named = addNamed(named, value)
    else if (!hopByHop.has(name)) {
      if (name === 'content-length') contentLength = Number(value)
      kept.push(name, value)
    }
  }
  named?.delete('content-length')
  return { headers: named === undefined ? kept : without(kept, named), contentLength }
}

/** What frames a message, routes it, says who asks or how its body is read is never read from behind it (RFC 9110 §6.5.1). */
const neverTrails =
  /^(?:host|authorization|proxy-.*|www-authenticate|cookie|set-cookie|cache-control|expires|date|location|retry-after|vary|age|pragma|warning|expect|range|max-forwards|te|trailer|connection|keep-alive|upgrade|transfer-encoding|content-(?:length|encoding|type|range|location)|if-.*|access-control-.*|strict-transport-security)$/

/** A service's trailers for the client, as pairs, without those that mean nothing there. */
export const clientTrailers = (trailers: readonly string[]): [name: string, value: string][] => {
  const passed: [string, string][] = []
  for (let at = 0; at + 1 < trailers.length; at += 2) {
    const name = (trailers[at] as string).toLowerCase()
    const value = trailers[at + 1] as string
    if (token.test(name) && fieldValue.test(value) && !neverTrails.test(name)) passed.push([name, value])
  }
  return passed
}

const text = (part: Buffer | string | undefined): string =>
  typeof part === 'string' ? part : (part?.toString('latin1') ?? '')
