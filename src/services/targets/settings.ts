import type { Split } from '../split/split.ts'
import type { AffinityKey } from './affinity-key.ts'

/** One address of a service as the workspace writes it, its defaults taken. */
export type TargetSpec = {
  /** A host name or an IP address, without brackets. */
  readonly name: string
  readonly port: number
  /** Its share of the traffic, relative to the others'. */
  readonly weight: number
  /** 0 is used first; a higher number only while no target of a lower one can be. */
  readonly priority: number
  /** The part of the service's split that it belongs to. */
  readonly part?: string | undefined
}

/** Where the addresses behind a name come from. */
export type Discovery = {
  /**
   * - `system`: the system's resolver, hosts file included; it tells no time to live.
   * - `dns`: A and AAAA records, kept as long as they say.
   * - `srv`: SRV records (RFC 2782), whose ports, priorities and weights count.
   */
  readonly kind: 'system' | 'dns' | 'srv'
  /** The name asked for, where it is not the target's own. */
  readonly name?: string | undefined
  /** `host:port` of the DNS servers to ask; the system's where there are none. */
  readonly servers?: readonly string[] | undefined
  /** The longest time an answer is used. */
  readonly refreshMs: number
}

/** How a target is chosen among those that may be used. */
export type Balance = (typeof balances)[number] | 'hash'
export const balances = ['roundRobin', 'leastRequests', 'latency'] as const

/** When a target is taken out for what it did, and for how long. */
export type Ejection = {
  /** Failures in a row. */
  readonly failures: number
  /** Share of failures, from 0 to 1, over the last ten seconds. */
  readonly rate: number
  /** Calls in the last ten seconds below which the rate says nothing. */
  readonly volume: number
  /** How long it is out the first time; each further time as long again, up to `mostMs`. */
  readonly baseMs: number
  readonly mostMs: number
  /** The largest share of targets, from 0 to 1, that may be out for this. */
  readonly share: number
}

/** Everything that decides which target a call goes to. */
export type TargetSettings = {
  readonly targets: readonly TargetSpec[]
  readonly discovery: Discovery
  readonly balance: Balance
  /** With `hash` alone. A call without one takes its turn. */
  readonly affinity?: AffinityKey | undefined
  /** Parts among which calls are shared before a target of one is chosen. */
  readonly split?: Split | undefined
  readonly ejection: Ejection
  /** A target that is new or comes back gets its full share only after so long. 0: at once. */
  readonly slowStartMs: number
  /** Where fewer than this share of targets, from 0 to 1, pass their health checks, the checks are not believed. */
  readonly panic: number
}

/** What is taken where a workspace says nothing. */
export const defaults = {
  discovery: { kind: 'system', refreshMs: 30_000 },
  balance: 'roundRobin',
  ejection: { failures: 5, rate: 0.5, volume: 20, baseMs: 10_000, mostMs: 300_000, share: 0.5 },
  slowStartMs: 0,
  panic: 0,
} as const satisfies Omit<TargetSettings, 'targets'>
