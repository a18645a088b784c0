import { RollingWindow } from '../rolling-window.ts'
import type { Ejection } from './settings.ts'

/** An address to connect to, and the name it goes by. */
export type Address = {
  /** An IP address. */
  readonly host: string
  readonly port: number
  /** The host as the workspace writes it, whose certificate is asked for. */
  readonly name: string
  readonly weight: number
  readonly priority: number
  readonly part?: string | undefined
}

/** What leads to one address: connections of whatever protocol. */
export type Link = {
  readonly address: { readonly host: string; readonly port: number }
  /** Whether it knows that it cannot connect at the moment. */
  readonly failing?: boolean
}

/**
 * How a call ended, as far as its target is concerned; every call in exactly one class.
 * - `success`: it answered, be it with a refusal of this one request.
 * - `failure`: it answered that it failed (5xx but 501), broke off, or did not answer in time.
 * - `unreached`: it could not be connected to.
 * - `unknown`: nobody waited for the end.
 */
export type Outcome = 'success' | 'failure' | 'unreached' | 'unknown'

/** Why a target gets calls or not, for people and metrics. */
export type TargetState = 'up' | 'unhealthy' | 'ejected' | 'unreachable' | 'trial'

const firstBackoffMs = 200
const mostBackoffMs = 5_000
/** How fast an old latency is forgotten. */
const decayMs = 10_000
/** A failure counts as slow: to fail fast must not attract more calls. */
const failureLatencyMs = 1_000

/**
 * One address of a service, with what is known of it: whether its health check lets calls through, what its last
 * calls did, and how many it has now. Times are the clock's monotonic milliseconds.
 */
export class Target<L extends Link> {
  readonly address: Address
  readonly link: L
  /** Calls under way. */
  active = 0
  /** Connections that have become something else than calls, such as WebSockets, and stay. */
  held = 0
  /** Smooth weighted round robin's own. */
  current = 0
  /** Since when it is in use without a break. */
  since: number
  #healthy: boolean | undefined
  #out: 'ejected' | 'unreachable' | undefined
  #outUntil = 0
  #ejections = 0
  #backAt: number
  #backoffMs = 0
  #failuresInARow = 0
  /** Calls, and failures among them. */
  readonly #window = new RollingWindow()
  #latency = 0
  #latencyAt = 0

  constructor(address: Address, link: L, now: number) {
    this.address = address
    this.link = link
    this.since = now
    this.#backAt = now
  }

  /** What a health check says. */
  checked(healthy: boolean, now: number): void {
    if (healthy && this.#healthy === false) this.since = now
    this.#healthy = healthy
  }

  /** False where the health check says so. Until it says anything, calls are tried. */
  get healthy(): boolean {
    return this.#healthy !== false
  }

  /** Whether a health check has let it through. */
  get proven(): boolean {
    return this.#healthy === true
  }

  /** Whether it has done nothing against getting a call. One that comes back is tried by one call at a time. */
  usable(now: number): boolean {
    if (this.#out !== undefined && (now < this.#outUntil || this.active > 0)) return false
    return this.link.failing !== true
  }

  state(now: number): TargetState {
    if (!this.healthy) return 'unhealthy'
    if (this.#out !== undefined) return now < this.#outUntil ? this.#out : 'trial'
    return this.link.failing === true ? 'unreachable' : 'up'
  }

  get ejected(): boolean {
    return this.#out === 'ejected'
  }

  /** Its share of calls now: less while it starts slowly, never nothing. */
  weight(now: number, slowStartMs: number): number {
    const { weight } = this.address
    const age = now - this.since
    return age >= slowStartMs ? weight : weight * Math.max(0.1, age / slowStartMs)
  }

  /** Milliseconds a call takes, moving; undefined where nothing is known. */
  latency(now: number): number | undefined {
    return this.#latencyAt === 0 ? undefined : this.#latency * Math.exp((this.#latencyAt - now) / decayMs)
  }

  begin(): void {
    this.active += 1
  }

  /**
   * A call has ended. Whether it should be taken out by what it did; the set decides, for it knows how many are out.
   */
  end(outcome: Outcome, { ms, now, ejection }: { ms: number | undefined; now: number; ejection: Ejection }): boolean {
    this.active -= 1
    if (outcome === 'unknown') return false
    if (outcome === 'unreached') {
      this.#backoffMs = Math.min(Math.max(this.#backoffMs * 2, firstBackoffMs), mostBackoffMs)
      if (this.#out === 'ejected') return now >= this.#outUntil
      this.#takeOut('unreachable', now + this.#backoffMs)
      return false
    }
    this.#backoffMs = 0
    const failed = outcome === 'failure'
    if (ms !== undefined) this.#learn(failed ? Math.max(ms, failureLatencyMs) : ms, now)
    this.#window.add(now, failed)
    if (!failed) {
      this.#failuresInARow = 0
      if (this.#out !== undefined && now >= this.#outUntil) this.#comeBack(now)
      return false
    }
    this.#failuresInARow += 1
    if (this.#out !== undefined) return now >= this.#outUntil
    return this.#failuresInARow >= ejection.failures || this.#rateIsOver(ejection, now)
  }

  /** Takes it out for a time that grows with each time. */
  eject(now: number, { baseMs, mostMs }: Ejection): void {
    // Who has long been well starts anew.
    if (this.#out === undefined && now - this.#backAt > mostMs) this.#ejections = 0
    this.#ejections += 1
    this.#takeOut('ejected', now + Math.min(baseMs * this.#ejections, mostMs))
  }

  #takeOut(why: 'ejected' | 'unreachable', until: number): void {
    this.#out = why
    this.#outUntil = until
    this.#failuresInARow = 0
  }

  #comeBack(now: number): void {
    this.#out = undefined
    this.#window.clear()
    this.#backAt = now
    this.since = now
  }

  #learn(ms: number, now: number): void {
    const known = this.#latencyAt === 0
    const share = known ? 1 : 1 - Math.exp(-Math.max(now - this.#latencyAt, 1) / decayMs)
    // A rise counts at once: slowness hurts sooner than it shows in a mean.
    this.#latency = known || ms > this.#latency ? ms : this.#latency + share * (ms - this.#latency)
    this.#latencyAt = now
  }

  #rateIsOver({ rate, volume }: Ejection, now: number): boolean {
    const calls = this.#window.all(now)
    return calls >= volume && this.#window.some(now) >= rate * calls
  }
}
