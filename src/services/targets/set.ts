import { authorityOf } from '../../kernel/authority.ts'
import { Problem } from '../../kernel/problem.ts'
import { type Choice, createChoice } from '../split/choice.ts'
import type { Wish } from './affinity.ts'
import { type Balancer, type Choosing, createBalancer } from './balance.ts'
import { Directory, type DirectoryTools } from './directory.ts'
import type { TargetSettings } from './settings.ts'
import { type Link, type Outcome, Target } from './target.ts'

/** From outside: also chance, and who is told. */
export type TargetTools<L extends Link> = DirectoryTools<L> & {
  readonly random?: () => number
  /** The wall clock, by which ramps grow. */
  readonly date?: () => number
  /** Told of targets that are taken out for their failures, and of those that are back. */
  readonly tell?: (event: 'target out' | 'target back', target: Target<L>) => void
  /** Told of each call of a service with a split which part got it; of further tries it is not. */
  readonly shared?: (part: string) => void
  /** Told of each part of a split whose ramp is stopped, in words. */
  readonly rampStopped?: (words: string) => void
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

/**
 * The targets of a service: found by name, watched, and chosen from. A target that fails is taken out for a time and
 * tried by one call before it is back; where every target is out for what it did, all are tried, so that the failure
 * is told and the first to recover is found. Health checks are believed, down to `panic`.
 */
export class TargetSet<L extends Link> {
  readonly #settings: TargetSettings
  readonly #tools: TargetTools<L>
  readonly #directory: Directory<L>
  #list: readonly Target<L>[] = []
  #only: Target<L> | undefined
  /** By priority. */
  #tiers: Tiers<L> = []
  readonly #choice: Choice | undefined
  /** The tiers of each part of the split. */
  #parts: readonly Tiers<L>[] = []

  constructor(settings: TargetSettings, tools: TargetTools<L>) {
    this.#settings = settings
    this.#tools = tools
    const { split } = settings
    const clock = { now: () => tools.now(), date: tools.date ?? Date.now }
    this.#choice = split && createChoice(split, { clock, of: '', tell: (words) => tools.rampStopped?.(words) })
    this.#directory = new Directory(settings, tools, (targets) => this.#have(targets))
  }

  /** Every target there is now. */
  get targets(): readonly Target<L>[] {
    return this.#list
  }

  /** How long a target that is new or back takes to get its full share. */
  get slowStartMs(): number {
    return this.#settings.slowStartMs
  }

  /** Whether health checks let calls through to any target; undefined as long as nothing is known. */
  get serving(): boolean | undefined {
    if (this.#tools.watch === undefined || this.#settings.panic > 0) return true
    const reached = this.#list.filter(({ link }) => link.failing !== true)
    if (reached.some(({ proven }) => proven)) return true
    return this.#list.length === 0 || reached.some(({ healthy }) => healthy) ? undefined : false
  }

  /**
   * The target of a call; a promise where names must be looked up first. Throws or rejects with NoTarget. `wish` is what
   * stays with one target where `balance` is `hash`, and who asks where there is a split; targets that were tried before
   * are avoided as long as there are others. A further try stays with the part of the split that the first one went to,
   * unless nobody there can be reached.
   */
  pick(wish?: Wish, avoid: readonly object[] = nothing): Target<L> | Promise<Target<L>> {
    const now = this.#tools.now()
    const names = this.#ready(now)
    return names === undefined
      ? this.#share(wish, avoid, now)
      : names.then(
          () => this.#share(wish, avoid, this.#tools.now()),
          (cause: unknown) => this.#unresolved(cause),
        )
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
    if (outcome !== 'unknown') this.#choice?.ended?.(this.#partOf(target), outcome !== 'success')
    if (outcome === 'unreached') this.#directory.moved(now)
    const wasOut = target.ejected
    if (!target.end(outcome, { ms, now, ejection })) {
      if (wasOut && !target.ejected) this.#tools.tell?.('target back', target)
      return
    }
    if (!this.#mayEject(target, now)) return
    target.eject(now, ejection)
    this.#tools.tell?.('target out', target)
  }

  /** What is under way ends first. */
  close(): void {
    this.#directory.close()
  }

  /**
   * So many may be out at once, that those left can bear the calls; one may always be out, but never the only one. Where
   * a sound target of a later priority stands by, it bears them, and none has to stay in for failing with the others.
   * The cap is on those of this priority and later: all of an earlier one may be out already.
   */
  #mayEject(target: Target<L>, now: number): boolean {
    const { priority, part } = target.address
    const others = this.#list.filter((one) => one !== target && one.address.priority >= priority)
    const stands = ({ address }: Target<L>): boolean => address.priority > priority && address.part === part
    if (others.some((one) => stands(one) && one.healthy && one.usable(now))) return true
    const most = Math.max(1, Math.floor((others.length + 1) * this.#settings.ejection.share))
    return others.length > 0 && others.filter(({ ejected }) => ejected).length < most
  }

  #ready(now: number): Promise<void> | undefined {
    try {
      return this.#directory.ready(now)
    } catch (cause) {
      return this.#unresolved(cause)
    }
  }

  #unresolved(cause: unknown): never {
    const names = this.#settings.targets.map(({ name }) => name).join(', ')
    throw new NoTarget('unresolved', `No address was found for ${names}.`, { cause })
  }

  #have(targets: readonly Target<L>[]): void {
    this.#list = targets
    this.#only = targets.length === 1 ? targets[0] : undefined
    this.#tiers = this.#tiersOf(targets)
    this.#parts =
      this.#settings.split?.parts.map(({ name }) =>
        this.#tiersOf(targets.filter(({ address }) => address.part === name)),
      ) ?? []
  }

  #tiersOf(targets: readonly Target<L>[]): Tiers<L> {
    const byPriority = Map.groupBy(targets, ({ address }) => address.priority)
    return [...byPriority]
      .toSorted(([one], [other]) => one - other)
      .map(([, tier]) => createBalancer(this.#settings.balance, tier))
  }

  #partOf({ address }: Target<L>): number {
    return this.#settings.split?.parts.findIndex(({ name }) => name === address.part) ?? -1
  }

  #share(wish: Wish | undefined, avoid: readonly object[], now: number): Target<L> {
    const target = this.#choose(wish, avoid, now)
    const { part } = target.address
    if (part !== undefined && avoid.length === 0) this.#tools.shared?.(part)
    return target
  }

  #choose(wish: Wish | undefined, avoid: readonly object[], now: number): Target<L> {
    const only = this.#only
    if (only !== undefined && (only.healthy || this.#settings.panic > 0)) return only
    const believed = !this.#panics()
    const sound = (target: Target<L>): boolean => (!believed || target.healthy) && target.usable(now)
    const key = typeof wish === 'object' ? wish.key : wish
    const fresh = (one: Target<L>): boolean => !avoid.includes(one) && sound(one)
    const again = avoid.length > 0
    const mayUse = again ? [fresh, sound] : [sound]
    // The part of the split that the call is for, and where it has no sound target the others.
    const part = this.#choice !== undefined && typeof wish === 'object' ? this.#partFor(wish, avoid) : undefined
    for (const tiers of part === undefined ? [this.#tiers] : [part, this.#tiers])
      for (const one of mayUse) {
        const target = this.#among(tiers, { key, now, mayUse: one, again })
        if (target !== undefined) return target
      }
    // What targets did is an opinion about what they will do; a health check is their own word.
    const tried = this.#among(this.#tiers, { key, now, mayUse: (one) => !believed || one.healthy, again })
    if (tried === undefined) throw new NoTarget('unhealthy', 'By their health checks, no target serves.')
    this.#directory.moved(now)
    return tried
  }

  #partFor({ asks }: Exclude<Wish, string>, [tried]: readonly object[]): Tiers<L> | undefined {
    const at = tried instanceof Target ? this.#partOf(tried as Target<L>) : (this.#choice?.(asks) ?? -1)
    return this.#parts[at]
  }

  #among(tiers: Tiers<L>, choosing: Omit<Choosing<L>, 'slowStartMs' | 'random'>): Target<L> | undefined {
    const { slowStartMs } = this.#settings
    const all: Choosing<L> = { ...choosing, slowStartMs, random: this.#tools.random ?? Math.random }
    for (const choose of tiers) {
      const target = choose(all)
      if (target !== undefined) return target
    }
    return undefined
  }

  #panics(): boolean {
    const { panic } = this.#settings
    if (panic === 0) return false
    return this.#list.filter(({ healthy }) => healthy).length < panic * this.#list.length
  }
}

const nothing: readonly object[] = []

/** Chooses among the targets of each priority. */
type Tiers<L extends Link> = readonly Balancer<L>[]

/** `host:port`, IPv6 hosts in brackets. */
export const nameOf = ({ address: { host, port } }: Target<Link>): string => authorityOf(host, port)
