import type { IncomingMessage } from 'node:http'
import { inRanges } from '../kernel/address-ranges.ts'

/** Who asks and for which host, before Fastify has made a request of it: the one place that reads forwarded headers. */

/** Whether a peer's X-Forwarded-* headers are believed. */
export type Trusts = (address: string) => boolean

export const trustsOf = (ranges: readonly string[]): Trusts | undefined =>
  ranges.length === 0 ? undefined : inRanges(ranges)

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
