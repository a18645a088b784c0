import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { inRanges } from '../kernel/address-ranges.ts'

/** Who asks and for which host, before Fastify has made a request of it: the one place that reads forwarded headers. */

/** Whether a peer's X-Forwarded-* headers are believed. */
export type Trusts = (address: string) => boolean

export const trustsOf = (ranges: readonly string[]): Trusts | undefined =>
  ranges.length === 0 ? undefined : inRanges(ranges)

/**
 * Leaves of what a trusted proxy forwarded only what can be vouched for, so that all readers after find the same: of
 * X-Forwarded-For the addresses from the right up to the first that no trusted proxy has, in one spelling, and nothing
 * left of what is no address; a scheme and a host that are none are taken away. Of others nothing is read anyway.
 */
export const vouchForwarded = (
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  trusts: Trusts | undefined,
): void => {
  const peer = socket.remoteAddress ?? ''
  if (trusts?.(peer) !== true) return
  const { 'x-forwarded-for': chain, 'x-forwarded-proto': proto, 'x-forwarded-host': host } = headers
  if (chain !== undefined) {
    const vouched = vouchedOf(String(chain).split(','), peer, trusts)
    if (vouched.length === 0) delete headers['x-forwarded-for']
    else headers['x-forwarded-for'] = vouched.join(', ')
  }
  if (proto !== undefined && !/^https?$/i.test(lastOf(proto))) delete headers['x-forwarded-proto']
  if (host !== undefined && !authority.test(lastOf(host))) delete headers['x-forwarded-host']
}

const authority = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

const lastOf = (header: string | readonly string[]): string => (String(header).split(',').at(-1) ?? '').trim()

const vouchedOf = (hops: string[], peer: string, trusts: Trusts): readonly string[] => {
  const vouched: string[] = []
  for (let nearest = peer; trusts(nearest); ) {
    const hop = hops.pop()
    if (hop === undefined) break
    // Never the proxy's own address in its place: that one may be let in where a client is not.
    const address = addressIn(hop.trim()) ?? 'unknown'
    vouched.unshift(address)
    nearest = address
  }
  return vouched
}

/** Some proxies write ports too, and IPv6 in brackets. Undefined for `unknown` and whatever else is no address. */
const addressIn = (text: string): string | undefined => {
  const [, inBrackets, v4] = /^\[([^\]%]+)(?:%[^\]]*)?\](?::\d{1,5})?$|^([\d.]+):\d{1,5}$/.exec(text) ?? []
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
