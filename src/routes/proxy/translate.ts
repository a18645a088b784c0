import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../../kernel/problem.ts'
import { guardingHeaders } from '../../kernel/safe-headers.ts'
import type { Introduction } from '../../services/identity/introduction.ts'
import { requestHeaders } from '../../services/rest/headers.ts'
import type { Service } from '../../services/service.ts'
import { type PathRewrite, rewritePath } from '../rewrite.ts'
import type { ProxyRoute } from './route.ts'

/**
 * What a service is asked for: the canonical path in its own terms, and the query byte by byte as it came; without the
 * key that it showed, where the service is told nothing of the client's own.
 */
export const upstreamUrl = ({ sentUrl, raw }: FastifyRequest, route: ProxyRoute): string => {
  const url = (route.service.identity === 'forward' ? sentUrl : undefined) ?? raw.url ?? '/'
  const mark = url.indexOf('?')
  return mark < 0 ? upstreamBase(url, route) : upstreamBase(url.slice(0, mark), route) + url.slice(mark)
}

const upstreamBase = (path: string, route: ProxyRoute): string => route.service.basePath + servicePath(path, route)

/** A path without its query as the service knows it, below its base. */
export const servicePath = (path: string, { rewrite }: Pick<ProxyRoute, 'rewrite'>): string =>
  rewrite === undefined ? path : rewritePath(path, rewrite)

const plainHost = /^[A-Za-z0-9.[\]:-]+$/

/** The Host for the service where it is not the target's own. Throws Problem for a client's that is none. */
export const upstreamHost = ({ host: asked }: FastifyRequest, { host }: ProxyRoute): string | undefined => {
  if (host === undefined) return undefined
  if ('name' in host) return host.name
  if (!plainHost.test(asked)) throw new Problem('INVALID_ARGUMENT', 'The Host of this request is none.')
  return asked
}

/** What a service is told: the client's headers that it may have, and what the gateway says. Throws Problem where it has no token to show. */
export const upstreamHeaders = (
  request: FastifyRequest,
  { service }: { readonly service: Pick<Service, 'identity' | 'forwardedHeaders'> },
  { headers, withheld }: Introduction,
): string[] => {
  const lines = requestHeaders(request.raw.rawHeaders, {
    // Fastify has walked the chain from the nearest proxy outwards, as far as it is trusted.
    forwardedFor: request.ips === undefined ? request.ip : request.ips.toReversed().join(', '),
    proto: request.protocol,
    host: request.host,
    version: request.raw.httpVersion,
    forwardedHeaders: service.forwardedHeaders,
    credentials: service.identity === 'forward',
    withheld,
  })
  if (headers !== undefined) lines.push(...headers(request.caller))
  return lines
}

/** Turns a redirect to the service's own address or path, in place, into one the client can follow. */
export const clientLocation = (headers: string[], { service, rewrite, prefix, below }: ProxyRoute): void => {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'location') continue
    const value = headers[i + 1] as string
    const own = value === service.origin || value.startsWith(`${service.origin}/`)
    if (!own && (!value.startsWith('/') || value.startsWith('//'))) continue
    const path = own ? value.slice(service.origin.length) || '/' : value
    if (service.basePath !== '' && path !== service.basePath && !path.startsWith(`${service.basePath}/`)) {
      headers[i + 1] = path
      continue
    }
    const inside = path.slice(service.basePath.length) || '/'
    headers[i + 1] = rewrite === undefined ? inside : (wayBack(inside, { rewrite, prefix, below }) ?? inside)
  }
}

/** The client's path for one of the service's, where a fixed prefix became another; undefined where that is not known. */
const wayBack = (
  location: string,
  { rewrite, prefix, below }: Pick<ProxyRoute, 'prefix' | 'below'> & { rewrite: PathRewrite },
): string | undefined => {
  if (prefix.includes('{') || rewrite.segments.some((one) => typeof one === 'number')) return undefined
  if (below !== (rewrite.restFrom !== undefined)) return rewrite.text === '/' ? prefix : undefined
  const written = rewrite.segments.map((one) => `/${one}`).join('')
  const rest = location.slice(written.length)
  return location.startsWith(written) && (rest === '' || /^[/?#]/.test(rest)) ? prefix + rest : undefined
}

/** Where both a service and a policy speak, the policy's word counts; lists of both are kept. */
const additive = new Set(['vary', 'set-cookie', 'link', 'server-timing'])

/** Where both speak of these, the service knows its answer better. */
const yielding: ReadonlySet<string> = new Set(guardingHeaders)

/** Keeps an answer that is meant for one caller, or for this moment, out of all caches (RFC 9111 §5.2.2.5), where the service does not say. */
export const storeNoRefusal = (headers: string[], status: number): void => {
  if (status < 500 && status !== 401 && status !== 403 && status !== 429) return
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === 'cache-control') return
  headers.push('cache-control', 'no-store')
}

/** The service's headers and those policies have set on the reply. */
export const clientHeaders = (headers: string[], reply: FastifyReply): string[] => {
  const set = reply.getHeaders()
  const names = Object.keys(set)
  if (names.length === 0) return headers
  const merged: string[] = []
  let said: Set<string> | undefined
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    const yields = set[name] !== undefined && yielding.has(name)
    if (yields) said = (said ?? new Set()).add(name)
    if (set[name] === undefined || yields || additive.has(name)) merged.push(name, headers[i + 1] as string)
  }
  for (const name of names) {
    const value = set[name]
    if (value === undefined || said?.has(name) === true) continue
    for (const one of Array.isArray(value) ? value : [value]) merged.push(name, String(one))
  }
  return merged
}
