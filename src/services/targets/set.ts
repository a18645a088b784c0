import { Problem } from '../../kernel/problem.ts'
import { type Balancer, type Choosing, createBalancer } from './balance.ts'
import { authority, createLookup, isNumeric, type Lookup } from './names.ts'
import type { TargetSettings } from './settings.ts'
import { type Address, type Link, type Outcome, Target } from './target.ts'

/** From outside: time, chance, names, and what opens and ends the link to an address. */
export type TargetTools<L extends Link> = {
  readonly now: () => number
  readonly open: (address: Address) => L
  /** No new calls: what is under way ends first. */
  readonly close: (link: L) => void
  readonly random?: () => number
  readonly lookup?: Lookup
  /** Watches the health of each new target; what it returns is called when the target goes. */
  readonly watch?: (target: Target<L>) => () => void
  /** Told of targets that are taken out for their failures, and of those that are back. */
  readonly tell?: (event: 'target out' | 'target back', target: Target<L>) => void
}

/** What a call wishes of its target. */
export type Wish = {
  /** What stays with one target, where `balance` is `hash`. */
  readonly key?: string | undefined
  /** Targets tried before: others are preferred. */
  readonly avoid?: readonly object[] | undefined
}

/** There is no target to call: its name leads nowhere, or health checks let nothing through. */
export class NoTarget extends Error {
  override readonly name = 'NoTarget'
  readonly reason: 'unresolved' | 'unhealthy'

  constructor(reason: 'unresolved' | 'unhealthy', message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** Health checks let nothing through: nobody was asked, so that it is the gateway who refuses. */
export const noTarget = (service: string, cause: NoTarget): Problem =>
  new Problem('UNAVAILABLE', `Service ${service} is unavailable at the moment.`, {
    service,
    refused: true,
    reason: 'CIRCUIT_OPEN',
    cause,
  })

/** Where a target cannot be reached its name may have moved, and it is looked up again this often. */
const soonMs = 5_000
/** How long a name that was not found is not asked for again. */
const againMs = 1_000

type Known<L extends Link> = { readonly target: Target<L>; readonly unwatch: (() => void) | undefined }

/**
 * The targets of a service: found by name, watched, and chosen from. A target that fails is taken out for a time and
 * tried by one call before it is back; where every target is out for what it did, all are tried, so that the failure
 * is told and the first to recover is found. Health checks are believed, down to `panic`.
 */
export class TargetSet<L extends Link> {
  readonly #settings: TargetSettings
  readonly #tools: TargetTools<L>
  readonly #lookup: Lookup
  readonly #fixed: boolean
  readonly #known = new Map<string, Known<L>>()
  #tiers: readonly { readonly targets: readonly Target<L>[]; readonly choose: Balancer<L> }[] = []
  #list: readonly Target<L>[] = []
  #only: Target<L> | undefined
  #expiresAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #used = false
  #asking: Promise<void> | undefined
  #failure: NoTarget | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(settings: TargetSettings, tools: TargetTools<L>) {
    this.#settings = settings
    this.#tools = tools
    this.#lookup = tools.lookup ?? createLookup(settings.discovery)
    this.#fixed = settings.discovery.kind !== 'srv' && settings.targets.every(isNumeric)
    if (this.#fixed) {
      this.#use(settings.targets.map((target) => ({ ...target, host: target.name })))
      this.#expiresAt = Number.POSITIVE_INFINITY
    }
    // Health is watched from the start.
    else if (tools.watch !== undefined) this.#look().catch(ignored)
  }

  /** Every target there is now. */
  get targets(): readonly Target<L>[] {
    return this.#list
  }

  /** Whether health checks let calls through to any target; undefined as long as nothing is known. */
  get serving(): boolean | undefined {
    if (this.#tools.watch === undefined || this.#settings.panic > 0) return true
    const reached = this.#list.filter(({ link }) => link.failing !== true)
    if (reached.some(({ proven }) => proven)) return true
    return this.#list.length === 0 || reached.some(({ healthy }) => healthy) ? undefined : false
  }

  /** The target of a call; a promise where names must be looked up first. Throws or rejects with NoTarget. */
  pick(wish: Wish = nothing): Target<L> | Promise<Target<L>> {
    const now = this.#tools.now()
    this.#used = true
    if (now < this.#expiresAt && this.#list.length > 0) return this.#choose(wish, now)
    if (this.#list.length === 0 && this.#failure !== undefined && now - this.#askedAt < againMs) throw this.#failure
    // Nobody asked for long: where the name leads may have changed meanwhile.
    return this.#look().then(() => this.#choose(wish, this.#tools.now()))
  }

  /** The clock's monotonic milliseconds. */
  now(): number {
    return this.#tools.now()
  }

  /** A call of this target begins. */
  began(target: Target<L>): void {
    target.begin()
  }

  /** A call of this target has ended, its answer begun after so many milliseconds, or nobody can tell when. */
  ended(target: Target<L>, outcome: Outcome, ms?: number): void {
    const now = this.#tools.now()
    const { ejection } = this.#settings
    if (outcome === 'unreached') this.#moved(now)
    const wasOut = target.ejected
    if (!target.end(outcome, { ms, now, ejection })) {
      if (wasOut && !target.ejected) this.#tools.tell?.('target back', target)
      return
    }
    // One may always be out, but never the only one.
    const others = this.#list.filter((one) => one !== target && one.ejected).length
    const most = Math.max(1, Math.floor(this.#list.length * ejection.share))
    if (this.#list.length < 2 || others >= most) return
    target.eject(now, ejection)
    this.#tools.tell?.('target out', target)
  }

  /** Looks names up now, where they must be. Rejects with NoTarget where nothing is found and nothing was. */
  refresh(): Promise<void> {
    return this.#fixed ? Promise.resolve() : this.#look()
  }

  /** What is under way ends first. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    for (const key of this.#known.keys()) this.#leave(key)
  }

  #choose(wish: Wish, now: number): Target<L> {
    const only = this.#only
    if (only !== undefined && (only.healthy || this.#settings.panic > 0)) return only
    const { avoid } = wish
    const believed = !this.#panics()
    const sound = (target: Target<L>): boolean => (!believed || target.healthy) && target.usable(now)
    const target =
      (avoid === undefined || avoid.length === 0
        ? undefined
        : this.#among(wish, now, (one) => !avoid.includes(one) && sound(one))) ?? this.#among(wish, now, sound)
    if (target !== undefined) return target
    // What targets did is an opinion about what they will do; a health check is their own word.
    const tried = this.#among(wish, now, (one) => !believed || one.healthy)
    if (tried === undefined) throw new NoTarget('unhealthy', 'By their health checks, no target serves.')
    this.#moved(now)
    return tried
  }

  #among({ key }: Wish, now: number, mayUse: (target: Target<L>) => boolean): Target<L> | undefined {
    const { slowStartMs } = this.#settings
    const choosing: Choosing<L> = { now, key, mayUse, slowStartMs, random: this.#tools.random ?? Math.random }
    for (const { choose } of this.#tiers) {
      const target = choose(choosing)
      if (target !== undefined) return target
    }
    return undefined
  }

  #panics(): boolean {
    const { panic } = this.#settings
    if (panic === 0) return false
    return this.#list.filter(({ healthy }) => healthy).length < panic * this.#list.length
  }

  #moved(now: number): void {
    if (!this.#fixed && now - this.#askedAt >= soonMs) this.#look().catch(ignored)
  }

  #look(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #ask(): Promise<void> {
    const answers = await Promise.allSettled(this.#settings.targets.map((target) => this.#lookup(target)))
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    const addresses = found.flatMap((one) => one.addresses)
    const now = this.#tools.now()
    this.#askedAt = now
    if (addresses.length > 0) {
      // A name that is not found now keeps no one from the others' addresses, but is asked for again soon.
      const forMs = found.length < answers.length ? soonMs : Math.min(...found.map((one) => one.forMs))
      this.#use(addresses)
      this.#keepFor(forMs, now)
    } else if (this.#list.length > 0) {
      // DNS is down: the last addresses are better than none.
      this.#keepFor(soonMs, now)
    } else {
      const cause: unknown = answers.find((answer) => answer.status === 'rejected')?.reason
      this.#failure = new NoTarget('unresolved', 'No name could be looked up.', { cause })
      throw this.#failure
    }
  }

  /** While there are calls, the next look-up is done when its time comes, so that no call waits for it. */
  #keepFor(ms: number, now: number): void {
    if (this.#closed) return
    this.#expiresAt = now + ms + soonMs
    this.#used = false
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (this.#used || this.#tools.watch !== undefined) this.#look().catch(ignored)
      else this.#expiresAt = Number.NEGATIVE_INFINITY
    }, ms).unref()
  }

  /** Keeps the targets that stay, opens the new ones and closes those that are gone. */
  #use(addresses: readonly Address[]): void {
    if (this.#closed) return
    const now = this.#tools.now()
    const named = new Map(addresses.map((address) => [keyOf(address), address]))
    // DNS shuffles its answers; whose turn it is must not depend on that.
    const ordered = this.#fixed ? [...named] : [...named].sort(([one], [other]) => (one < other ? -1 : 1))
    const list = ordered.map(([key, address]) => {
      let known = this.#known.get(key)
      if (known === undefined) {
        const target = new Target(address, this.#tools.open(address), now)
        known = { target, unwatch: this.#tools.watch?.(target) }
        this.#known.set(key, known)
        // The first targets of all have nobody to take calls meanwhile.
        if (this.#list.length === 0) target.since = Number.NEGATIVE_INFINITY
      }
      return known.target
    })
    const same = list.length === this.#list.length && list.every((target, at) => target === this.#list[at])
    for (const key of this.#known.keys()) if (!named.has(key)) this.#leave(key)
    if (same) return
    this.#list = list
    this.#only = list.length === 1 ? list[0] : undefined
    const priorities = [...new Set(list.map(({ address }) => address.priority))].sort((one, other) => one - other)
    this.#tiers = priorities.map((priority) => {
      const targets = list.filter(({ address }) => address.priority === priority)
      return { targets, choose: createBalancer(this.#settings.balance, targets) }
    })
  }

  #leave(key: string): void {
    const known = this.#known.get(key)
    if (known === undefined) return
    this.#known.delete(key)
    known.unwatch?.()
    this.#tools.close(known.target.link)
  }
}

/** The name does not count: what two names lead to is one target. */
const keyOf = ({ host, port, weight, priority }: Address): string => `${host} ${port} ${weight} ${priority}`

const nothing = {}
const ignored = (): void => undefined

/** `host:port`, IPv6 hosts in brackets. */
export const nameOf = ({ address: { host, port } }: Target<Link>): string => authority(host, port)
