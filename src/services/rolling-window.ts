const seconds = 10

/** Two counts of the last ten seconds, by second: what a rate is made of. Times are monotonic milliseconds. */
export class RollingWindow {
  readonly #all = new Uint32Array(seconds)
  readonly #some = new Uint32Array(seconds)
  #second = Number.NEGATIVE_INFINITY
  #allSum = 0
  #someSum = 0

  /** Counts one, and whether it is one of some. */
  add(now: number, isSome: boolean): void {
    this.#forget(now)
    const at = this.#second % seconds
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
    const second = Math.floor(now / 1_000)
    if (second <= this.#second) return
    if (second - this.#second >= seconds) this.clear()
    else
      for (let one = this.#second + 1; one <= second; one += 1) {
        const at = one % seconds
        this.#allSum -= this.#all[at] as number
        this.#someSum -= this.#some[at] as number
        this.#all[at] = 0
        this.#some[at] = 0
      }
    this.#second = second
  }
}
