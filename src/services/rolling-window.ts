const slots = 10

/** Two counts of the last ten seconds, or ten times as long as given: what a rate is made of. Times are monotonic milliseconds. */
export class RollingWindow {
  readonly #all = new Uint32Array(slots)
  readonly #some = new Uint32Array(slots)
  readonly #eachMs: number
  #slot = Number.NEGATIVE_INFINITY
  #allSum = 0
  #someSum = 0

  constructor(secondsEach = 1) {
    this.#eachMs = secondsEach * 1_000
  }

  /** Counts one, and whether it is one of some. */
  add(now: number, isSome: boolean): void {
    this.#forget(now)
    const at = this.#slot % slots
    this.#all[at] = (this.#all[at] as number) + 1
    this.#allSum += 1
    if (!isSome) return
    this.#some[at] = (this.#some[at] as number) + 1
    this.#someSum += 1
  }

  /** How many there were. */
  all(now: number): number {
    this.#forget(now)
    return this.#allSum
  }

  /** How many of them were some. */
  some(now: number): number {
    this.#forget(now)
    return this.#someSum
  }

  clear(): void {
    this.#all.fill(0)
    this.#some.fill(0)
    this.#allSum = 0
    this.#someSum = 0
  }

  #forget(now: number): void {
    const slot = Math.floor(now / this.#eachMs)
    if (slot <= this.#slot) return
    if (slot - this.#slot >= slots) this.clear()
    else
      for (let one = this.#slot + 1; one <= slot; one += 1) {
        const at = one % slots
        this.#allSum -= this.#all[at] as number
        this.#someSum -= this.#some[at] as number
        this.#all[at] = 0
        this.#some[at] = 0
      }
    this.#slot = slot
  }
}
