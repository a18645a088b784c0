import { createLookup, type Found, isNumeric, type Lookup } from './names.ts'
import type { TargetSettings, TargetSpec } from './settings.ts'
import { type Address, type Link, Target } from './target.ts'

/** From outside: time, names, and what opens and ends the link to an address. */
export type DirectoryTools<L extends Link> = {
  readonly now: () => number
  readonly open: (address: Address) => L
  /** No new calls: what is under way ends first. */
  readonly close: (link: L) => void
  readonly lookup?: Lookup
  /** Watches the health of each new target; what it returns is called when the target goes. */
  readonly watch?: (target: Target<L>) => () => void
}

/** Where a target cannot be reached its name may have moved, and it is looked up again this often. */
const soonMs = 5_000
/** How long a name that was not found is not asked for again. */
const againMs = 1_000

type Known<L extends Link> = { readonly target: Target<L>; readonly unwatch: (() => void) | undefined }

/** Where a service is: its names looked up and looked up again, a target for each address they lead to. */
export class Directory<L extends Link> {
  readonly #settings: TargetSettings
  readonly #tools: DirectoryTools<L>
  readonly #changed: (targets: readonly Target<L>[]) => void
  readonly #lookup: Lookup
  readonly #fixed: boolean
  readonly #known = new Map<string, Known<L>>()
  /** What each name led to when it was last found. */
  readonly #found = new Map<TargetSpec, readonly Address[]>()
  #list: readonly Target<L>[] = []
  #expiresAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #used = false
  #asking: Promise<void> | undefined
  #failure: Error | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /** `changed` is told of each new list, the first one of addresses before this returns. */
  constructor(settings: TargetSettings, tools: DirectoryTools<L>, changed: (targets: readonly Target<L>[]) => void) {
    this.#settings = settings
    this.#tools = tools
    this.#changed = changed
    this.#lookup = tools.lookup ?? createLookup(settings.discovery)
    this.#fixed = settings.discovery.kind !== 'srv' && settings.targets.every(isNumeric)
    if (this.#fixed) {
      this.#use(settings.targets.map((target) => ({ ...target, host: target.name })))
      this.#expiresAt = Number.POSITIVE_INFINITY
    }
    // Health is watched from the start.
    else if (tools.watch !== undefined) this.#look().catch(ignored)
  }

  /** A promise where names must be looked up before a call; nobody asked for long, and they may lead elsewhere. Throws or rejects with what DNS says. */
  ready(now: number): Promise<void> | undefined {
    this.#used = true
    if (now < this.#expiresAt && this.#list.length > 0) return undefined
    if (this.#list.length === 0 && this.#failure !== undefined && now - this.#askedAt < againMs) throw this.#failure
    return this.#look()
  }

  /** A target could not be reached: its name may have moved. */
  moved(now: number): void {
    if (!this.#fixed && now - this.#askedAt >= soonMs) this.#look().catch(ignored)
  }

  /** What is under way ends first. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    for (const key of this.#known.keys()) this.#leave(key)
  }

  #look(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #ask(): Promise<void> {
    const { targets } = this.#settings
    const answers = await Promise.allSettled(targets.map((target) => this.#lookup(target)))
    const now = this.#tools.now()
    this.#askedAt = now
    const found: Found[] = []
    for (const [at, answer] of answers.entries()) {
      if (answer.status === 'rejected') continue
      found.push(answer.value)
      this.#found.set(targets[at] as TargetSpec, answer.value.addresses)
    }
    // A name that is not found now keeps its last addresses: DNS that is down is no reason to go.
    const addresses = targets.flatMap((target) => this.#found.get(target) ?? [])
    if (addresses.length === 0) {
      this.#failure = answers.find((answer) => answer.status === 'rejected')?.reason as Error
      throw this.#failure
    }
    this.#use(addresses)
    this.#keepFor(found.length < answers.length ? soonMs : Math.min(...found.map(({ forMs }) => forMs)), now)
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
    this.#changed(list)
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
const keyOf = ({ host, port, weight, priority, part = '' }: Address): string =>
  `${host} ${port} ${weight} ${priority} ${part}`

const ignored = (): void => undefined
