import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { Plan } from '../compile/plan.ts'
import { inRanges } from '../kernel/address-ranges.ts'
import { lastHop } from './forwarded.ts'

/** Who asks and for which host, before Fastify has made a request of it: the one place that reads forwarded headers. */

/** Whether a peer's X-Forwarded-* headers are believed. */
export type Trusts = (address: string) => boolean

export const trustsOf = (ranges: readonly string[]): Trusts | undefined =>
  ranges.length === 0 ? undefined : inRanges(ranges)

/** What was told of a request: its way from the client to the peer, and how the client asked. */
type Told = {
  readonly chain: readonly string[]
  readonly proto: string | undefined
  readonly host: string | undefined
}

/**
 * Leaves of forwarded headers what a trusted proxy vouches for, in X-Forwarded-* whichever are believed, so that all
 * readers after find the same: the addresses from the right up to the first that no trusted proxy has, in one
 * spelling, and nothing left of what is no address; a scheme and a host that are some. All else is taken away, and
 * everything where the peer is no trusted proxy. To be called once for a request.
 */
export const vouchForwarded = (
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  trusts: Trusts | undefined,
  believed: Plan['trustedHeaders'],
): void => {
  const { forwarded, 'x-forwarded-for': chain, 'x-forwarded-proto': proto, 'x-forwarded-host': host } = headers
  if (forwarded === undefined && chain === undefined && proto === undefined && host === undefined) return
  const peer = socket.remoteAddress ?? ''
  let told: Told | undefined
  if (trusts?.(peer) === true)
    told =
      believed === 'forwarded'
        ? toldByHops(forwarded, peer, trusts)
        : { chain: vouchedOf(chain, peer, trusts), proto: lastOf(proto), host: lastOf(host) }
  if (forwarded !== undefined) delete headers.forwarded
  put(headers, 'x-forwarded-for', told?.chain.join(', '))
  put(headers, 'x-forwarded-proto', told?.proto !== undefined && scheme.test(told.proto) ? told.proto : '')
  put(headers, 'x-forwarded-host', told?.host !== undefined && isAuthority(told.host) ? told.host : '')
}

const scheme = /^https?$/i
const authority = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/

/** Whether a text is a host with or without a port, as Host has it: names of DNS have no escapes (RFC 3986 §3.2.2). */
export const isAuthority = (text: string): boolean => authority.test(text)

const put = (headers: IncomingMessage['headers'], name: string, value: string | undefined): void => {
  if (value !== undefined && value !== '') headers[name] = value
  else if (headers[name] !== undefined) delete headers[name]
}

type Lines = string | readonly string[] | undefined

const lastOf = (header: Lines): string | undefined =>
  header === undefined ? undefined : String(header).split(',').at(-1)?.trim()

const vouchedOf = (header: Lines, peer: string, trusts: Trusts): readonly string[] => {
  const vouched: string[] = []
  const hops = header === undefined ? [] : String(header).split(',')
  for (let nearest = peer; trusts(nearest); ) {
    const hop = hops.pop()
    if (hop === undefined) break
    nearest = addressOf(hop.trim())
    vouched.unshift(nearest)
  }
  return vouched
}

/** Of the scheme and the host, what the outermost of the trusted proxies says: those behind it were asked by a proxy. */
const toldByHops = (header: Lines, peer: string, trusts: Trusts): Told => {
  const chain: string[] = []
  let proto: string | undefined
  let host: string | undefined
  let rest = header === undefined ? undefined : String(header)
  for (let nearest = peer; rest !== undefined && trusts(nearest); ) {
    const last = lastHop(rest)
    rest = last?.before
    nearest = addressOf(last?.hop.for ?? '')
    chain.unshift(nearest)
    proto = last?.hop.proto ?? proto
    host = last?.hop.host ?? host
  }
  return { chain, proto, host }
}

/** Never the proxy's own address in the place of what is none: that one may be let in where a client is not. */
const addressOf = (text: string): string => addressIn(text) ?? 'unknown'

/** RFC 7239 §6: a port may be hidden behind a name. */
const form = /^\[([^\]%]+)(?:%[^\]]*)?\](?::(?:\d{1,5}|_[\w.-]+))?$|^([\d.]+):(?:\d{1,5}|_[\w.-]+)$/

/** Some proxies write ports too, and IPv6 in brackets. Undefined for `unknown` and whatever else is no address. */
const addressIn = (text: string): string | undefined => {
  const [, inBrackets, v4] = form.exec(text) ?? []
  const address = (inBrackets ?? v4 ?? text).toLowerCase()
  if (isIP(address) === 0 || address.includes('%')) return undefined
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1]
  return mapped ?? address
}

/** The nearest address that no trusted proxy has: what Fastify calls `request.ip`, before there is such a request. */
export const clientAddress = ({ socket, headers }: IncomingMessage, trusts: Trusts | undefined): string => {
  let address = socket.remoteAddress ?? ''
  const forwarded = headers['x-forwarded-for']
  if (trusts === undefined || forwarded === undefined) return address
  const hops = String(forwarded).split(',')
  for (let hop = hops.pop(); hop !== undefined && trusts(address); hop = hops.pop()) address = hop.trim()
  return address
}

/** The one Host of a request. Behind a trusted proxy it is the one that the proxy was asked for. */
export const hostOf = ({ socket, headers }: IncomingMessage, trusts: Trusts | undefined): string => {
  const forwarded = headers['x-forwarded-host']
  const host =
    forwarded !== undefined && trusts?.(socket.remoteAddress ?? '') === true
      ? (String(forwarded).split(',').at(-1) ?? '').trim()
      : (headers.host ?? '')
  return host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase()
}
