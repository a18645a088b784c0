import { stableHash } from '../../kernel/stable-hash.ts'
import type { Balance } from './settings.ts'
import type { Link, Target } from './target.ts'

/** What a choice is made by, beside the targets themselves. */
export type Choosing<L extends Link> = {
  readonly now: number
  readonly slowStartMs: number
  readonly random: () => number
  /** What stays with one target where `balance` is `hash`. */
  readonly key: string | undefined
  readonly mayUse: (target: Target<L>) => boolean
  /** A further try of a call, be it a hedge. */
  readonly again?: boolean
}

/** Chooses among targets of one priority; undefined where none may be used. */
export type Balancer<L extends Link> = (choosing: Choosing<L>) => Target<L> | undefined

/** A balancer over these targets. It keeps where it stands, so make one for each list. */
export const createBalancer = <L extends Link>(balance: Balance, targets: readonly Target<L>[]): Balancer<L> => {
  const inTurn = roundRobin(targets)
  if (targets.length < 2 || balance === 'roundRobin') return inTurn
  if (balance === 'hash') return byHash(targets, inTurn)
  return ofTwo(targets, balance === 'latency' ? slowness : busyness, inTurn)
}

/** In turn; by weight, spread evenly (the smooth form that nginx made known), where weights differ. */
const roundRobin = <L extends Link>(targets: readonly Target<L>[]): Balancer<L> => {
  const [first] = targets
  const even = targets.every(({ address }) => address.weight === first?.address.weight)
  let next = 0
  const turn = ({ mayUse }: Choosing<L>): Target<L> | undefined => {
    for (let step = 0; step < targets.length; step += 1) {
      const at = (next + step) % targets.length
      const target = targets[at] as Target<L>
      if (!mayUse(target)) continue
      next = (at + 1) % targets.length
      return target
    }
    return undefined
  }
  const weighted = ({ mayUse, now, slowStartMs }: Choosing<L>): Target<L> | undefined => {
    let total = 0
    let best: Target<L> | undefined
    for (const target of targets) {
      if (!mayUse(target)) continue
      const weight = target.weight(now, slowStartMs)
      total += weight
      target.current += weight
      if (best === undefined || target.current > best.current) best = target
    }
    if (best !== undefined) best.current -= total
    return best
  }
  return (choosing) => {
    const { now, slowStartMs } = choosing
    // It takes nobody's turn: of two targets, calls that are all hedged would else begin at the same one each time.
    if (choosing.again === true) return drawn(targets, choosing)
    const starting = slowStartMs > 0 && targets.some(({ since }) => now - since < slowStartMs)
    return even && !starting ? turn(choosing) : weighted(choosing)
  }
}

/** By chance and weight. */
const drawn = <L extends Link>(
  targets: readonly Target<L>[],
  { mayUse, now, random, slowStartMs }: Choosing<L>,
): Target<L> | undefined => {
  const usable = targets.filter(mayUse)
  const total = usable.reduce((sum, target) => sum + target.weight(now, slowStartMs), 0)
  let left = random() * total
  return usable.find((target) => (left -= target.weight(now, slowStartMs)) < 0) ?? usable.at(-1)
}

/**
 * The better of two chosen by chance (Mitzenmacher 2001): nearly as good as the best of all, and many gateways that
 * choose at the same time do not all choose the same.
 */
const ofTwo = <L extends Link>(
  targets: readonly Target<L>[],
  cost: (target: Target<L>, now: number) => number,
  inTurn: Balancer<L>,
): Balancer<L> => {
  const any = (random: () => number): Target<L> => targets[Math.floor(random() * targets.length)] as Target<L>
  return (choosing) => {
    const { mayUse, now, random, slowStartMs } = choosing
    const one = any(random)
    let other = any(random)
    if (other === one) other = targets[(targets.indexOf(one) + 1) % targets.length] as Target<L>
    const first = mayUse(one)
    if (!mayUse(other)) return first ? one : inTurn(choosing)
    if (!first) return other
    const weighed = (target: Target<L>): number => cost(target, now) / target.weight(now, slowStartMs)
    return weighed(other) < weighed(one) ? other : one
  }
}

const busyness = <L extends Link>({ active, held }: Target<L>): number => active + held + 1

/** What a call is expected to wait. Of one that nothing is known of, one call finds out. */
const slowness = <L extends Link>(target: Target<L>, now: number): number => {
  const latency = target.latency(now)
  if (latency === undefined) return target.active === 0 ? 0 : Number.MAX_VALUE
  return latency * (target.active + 1)
}

/** Points on the ring for a target of average weight: shares are even to a few percent. */
const pointsEach = 128

/**
 * A ring (Karger et al. 1997): a key stays with its target as long as that may be used, and the keys of one that
 * goes are spread over the others while all the rest stay. Calls without a key take turns.
 */
const byHash = <L extends Link>(targets: readonly Target<L>[], inTurn: Balancer<L>): Balancer<L> => {
  const whole = targets.reduce((sum, { address }) => sum + address.weight, 0)
  const points: (readonly [number, Target<L>])[] = []
  for (const target of targets) {
    const { host, port, weight } = target.address
    const count = Math.max(1, Math.round((pointsEach * targets.length * weight) / whole))
    for (let at = 0; at < count; at += 1) points.push([stableHash(`${host} ${port} ${at}`), target])
  }
  points.sort(([one], [other]) => one - other)
  const hashes = Uint32Array.from(points, ([hash]) => hash)

  return (choosing) => {
    if (choosing.key === undefined) return inTurn(choosing)
    const start = firstAtLeast(hashes, stableHash(choosing.key))
    for (let step = 0; step < points.length; step += 1) {
      const target = (points[(start + step) % points.length] as readonly [number, Target<L>])[1]
      if (choosing.mayUse(target)) return target
    }
    return undefined
  }
}

const firstAtLeast = (sorted: Uint32Array, wanted: number): number => {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as number) < wanted) low = middle + 1
    else high = middle
  }
  return low
}
