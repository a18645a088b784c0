import type { Clock } from '../../kernel/clock.ts'
import { RollingWindow } from '../rolling-window.ts'

export type Ramp = {
  /** Shares from 0 to 1. */
  readonly from: number
  readonly to: number
  /** Wall-clock milliseconds since 1970. */
  readonly startsAt: number
  readonly overMs: number
  readonly steps: number
  /** When it is given up. */
  readonly stop?: RampStop | undefined
}

/** A part is worse than the others where its share of failures of the last minute is larger by so much. */
export type RampStop = {
  /** From 0 to 1. */
  readonly worse: number
  /** Requests in a minute below which its share of failures says nothing. */
  readonly volume: number
}

/** What has a share that may be a ramp. */
export type Ramped = { readonly name: string; readonly ramp?: Ramp | undefined }

/** A ramp's share at a time, from 0 to 1. */
export const shareAt = ({ from, to, startsAt, overMs, steps }: Ramp, now: number): number => {
  const step = Math.floor(((now - startsAt) / overMs) * steps)
  return from + (to - from) * (Math.min(Math.max(step, 0), steps) / steps)
}

export type StopTools = {
  readonly clock: Clock
  /** Whose split it is, such as `routes./users/*`. */
  readonly of: string
  /** The ramps that were stopped. Whoever keeps it longer than a split keeps them stopped as long as they are the same. */
  readonly stopped?: Set<string> | undefined
  /** Told of each ramp that is stopped, in words. */
  readonly tell?: ((words: string) => void) | undefined
}

const secondsEach = 6

/**
 * Gives a ramp up whose part fails more often than the others by a margin: it goes back to no share at all, and stays
 * there until its settings change. Each replica judges by what it sees itself.
 */
export class RampStops {
  readonly #parts: readonly Ramped[]
  readonly #windows: readonly RollingWindow[]
  readonly #keys: readonly string[]
  readonly #stopped: Set<string>
  readonly #tools: StopTools

  constructor(parts: readonly Ramped[], tools: StopTools) {
    this.#parts = parts
    this.#tools = tools
    this.#stopped = tools.stopped ?? new Set()
    this.#windows = parts.map(() => new RollingWindow(secondsEach))
    this.#keys = parts.map(({ name, ramp }) => JSON.stringify([tools.of, name, ramp]))
  }

  isStopped(at: number): boolean {
    return this.#stopped.has(this.#keys[at] as string)
  }

  /** A request of a part has ended. */
  ended(at: number, failed: boolean): void {
    const now = this.#tools.clock.now()
    const window = this.#windows[at] as RollingWindow
    window.add(now, failed)
    const { name, ramp } = this.#parts[at] as Ramped
    if (!failed || ramp?.stop === undefined || this.isStopped(at)) return
    const all = window.all(now)
    if (all < ramp.stop.volume) return
    const own = window.some(now) / all
    const others = this.#rateBeside(window, now)
    if (own - others < ramp.stop.worse) return
    this.#stopped.add(this.#keys[at] as string)
    const words = `${percent(own)} of ${all} failed in a minute, of the others ${percent(others)}`
    this.#tools.tell?.(`The ramp of ${name} was stopped, and it gets nothing any more: ${words}.`)
  }

  #rateBeside(window: RollingWindow, now: number): number {
    let all = 0
    let some = 0
    for (const one of this.#windows) {
      if (one === window) continue
      all += one.all(now)
      some += one.some(now)
    }
    return all === 0 ? 0 : some / all
  }
}

const percent = (share: number): string => `${Math.round(share * 1_000) / 10} %`
