import { Resolver, promises as system } from 'node:dns'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import type { Discovery, TargetSpec } from './settings.ts'
import type { Address } from './target.ts'

/** What a name stands for now, and how long that may be used. */
export type Found = { readonly addresses: readonly Address[]; readonly forMs: number }

/** Looks a target's name up. Rejects where nothing is found. */
export type Lookup = (target: TargetSpec) => Promise<Found>

/** The shortest time an answer is used: some say 0, and nobody wants a question for each call. */
const leastMs = 1_000
const answerWithinMs = 2_000
const tries = 2

/** An address needs no looking up. */
export const isNumeric = ({ name }: TargetSpec): boolean => isIP(name) !== 0

/** The way to look names up that a service's settings ask for. */
export const createLookup = (discovery: Discovery): Lookup => {
  const look = discovery.kind === 'system' ? bySystem : byDns(discovery)
  return async (target) => {
    const { addresses, forMs } = isNumeric(target)
      ? { addresses: [{ ...target, host: target.name }], forMs: Number.POSITIVE_INFINITY }
      : await look(target)
    return { addresses, forMs: Math.max(leastMs, Math.min(forMs, discovery.refreshMs)) }
  }
}

const bySystem: Lookup = async (target) => ({
  addresses: (await system.lookup(target.name, { all: true })).map(({ address }) => ({ ...target, host: address })),
  forMs: Number.POSITIVE_INFINITY,
})

const byDns = ({ kind, name, servers }: Discovery): Lookup => {
  const resolver = new Resolver({ timeout: answerWithinMs, tries })
  if (servers !== undefined && servers.length > 0) resolver.setServers(servers)
  const ask = {
    a: promisify<string, { ttl: true }, { address: string; ttl: number }[]>(resolver.resolve4.bind(resolver)),
    aaaa: promisify<string, { ttl: true }, { address: string; ttl: number }[]>(resolver.resolve6.bind(resolver)),
    srv: promisify(resolver.resolveSrv.bind(resolver)),
  }

  const addressesOf = async (host: string): Promise<{ hosts: readonly string[]; forMs: number }> => {
    if (isIP(host) !== 0) return { hosts: [host], forMs: Number.POSITIVE_INFINITY }
    const answers = await Promise.allSettled([ask.a(host, { ttl: true }), ask.aaaa(host, { ttl: true })])
    const records = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    // A name with records of one family has none of the other: only both missing is a failure.
    if (records.length === 0) throw answers.find((answer) => answer.status === 'rejected')?.reason ?? noRecords(host)
    return { hosts: records.map(({ address }) => address), forMs: Math.min(...records.map(({ ttl }) => ttl)) * 1_000 }
  }

  if (kind === 'dns')
    return async (target) => {
      const { hosts, forMs } = await addressesOf(name ?? target.name)
      return { addresses: hosts.map((host) => ({ ...target, host })), forMs }
    }

  return async (target) => {
    const asked = name ?? target.name
    // A target of "." says that there is decidedly no such service (RFC 2782).
    const records = (await ask.srv(asked)).filter((record) => record.name !== '' && record.name !== '.')
    if (records.length === 0) throw noRecords(asked)
    const found = await Promise.allSettled(records.map(({ name: host }) => addressesOf(host)))
    const addresses: Address[] = []
    let forMs = Number.POSITIVE_INFINITY
    for (const [at, one] of found.entries()) {
      if (one.status === 'rejected') continue
      const { port, priority, weight } = records[at] as (typeof records)[number]
      forMs = Math.min(forMs, one.value.forMs)
      // A weight of 0 asks for a very small share (RFC 2782), not for none.
      for (const host of one.value.hosts)
        addresses.push({ ...target, host, port, priority, weight: Math.max(weight, 0.1) })
    }
    if (addresses.length === 0) throw found.find((one) => one.status === 'rejected')?.reason ?? noRecords(asked)
    return { addresses, forMs }
  }
}

const noRecords = (name: string): Error => new Error(`DNS has no addresses for ${name}.`)
