import { randomBytes } from 'node:crypto'
import { type Counting, countings, type Rule } from './rule.ts'

/** Callers of one limit that are counted at once: 30 MiB where windows are fixed, 90 MiB where they slide. */
export const mostCallers = 1_310_720

const callersAtFirst = 640
const fullAt = 0.8

/** Nobody stands further from where his hash points, so that a look-up ends in a full table too. */
const reach = 256

/** Secret, so that nobody finds names that share a counter. */
const seeds = new Uint32Array(randomBytes(16).buffer.slice(0, 16))
const [seed1 = 1, seed2 = 2, odd1 = 3, odd2 = 5] = seeds
const factor1 = (odd1 | 1) >>> 0
const factor2 = (odd2 | 1) >>> 0

/**
 * The states of one limit's callers, in flat arrays and by 64 bits of a keyed hash: nothing here is seen by the garbage
 * collector. Open addressing; what is over makes room for who comes, nothing is ever removed. Past `mostCallers` who
 * comes takes the place of the neighbour that has used least, and goes on with what that one used: limits get
 * stricter under a flood of names, never looser (Space-Saving, Metwally et al. 2005).
 */
export class CallerTable {
  readonly #counting: Counting
  readonly #most: number
  #slots: number
  #hashes: Uint32Array
  state: Float64Array
  #used = 0

  constructor(kind: Rule['kind'], most = mostCallers) {
    this.#counting = countings[kind]
    this.#most = most
    this.#slots = Math.min(callersAtFirst, most)
    this.#hashes = new Uint32Array(2 * this.#slots)
    this.state = new Float64Array(this.#counting.width * this.#slots)
  }

  /** Callers that have a place, those whose counts are over included. */
  get size(): number {
    return this.#used
  }

  /** Where the state of a caller starts; -1 where he has none. */
  find(key: string): number {
    hash(key)
    const slot = this.#slotOf()
    return slot < 0 || this.#isFree(slot) ? -1 : slot * this.#counting.width
  }

  /** Where the state of a caller starts, who gets a place where he has none. Good until the next call. */
  place(key: string, now: number, rule: Rule): number {
    hash(key)
    const { width } = this.#counting
    const slot = this.#slotOf()
    if (slot >= 0 && !this.#isFree(slot)) return slot * width
    const crowded = slot < 0 || this.#used >= this.#slots * fullAt
    const spare = crowded ? this.#overBefore(slot, now, rule) : -1
    if (spare >= 0) {
      this.#name(spare)
      this.state.fill(0, spare * width, (spare + 1) * width)
      return spare * width
    }
    if (crowded && this.#slots < this.#most) {
      this.#grow()
      return this.place(key, now, rule)
    }
    if (slot >= 0) {
      this.#used += 1
      this.#name(slot)
      return slot * width
    }
    const least = this.#leastUsed(now, rule)
    this.#name(least)
    return least * width
  }

  /** The slot that holds the hashed caller, else the free one that ends the search; -1 where there is neither. */
  #slotOf(): number {
    for (let slot = this.#home(), left = this.#reach(); left > 0; slot = this.#after(slot), left -= 1)
      if (this.#holds(slot) || this.#isFree(slot)) return slot
    return -1
  }

  /** A slot on the way to another whose caller's counts are over; -1 where there is none. */
  #overBefore(end: number, now: number, rule: Rule): number {
    for (let slot = this.#home(), left = this.#reach(); left > 0 && slot !== end; slot = this.#after(slot), left -= 1)
      if (this.#counting.isOver(this.state, slot * this.#counting.width, now, rule)) return slot
    return -1
  }

  #leastUsed(now: number, rule: Rule): number {
    let least = this.#home()
    let mostRoom = Number.NEGATIVE_INFINITY
    for (let slot = least, left = this.#reach(); left > 0; slot = this.#after(slot), left -= 1) {
      const room = this.#counting.room(this.state, slot * this.#counting.width, now, rule)
      if (room > mostRoom) {
        mostRoom = room
        least = slot
      }
    }
    return least
  }

  /** Doubles: at the largest some 30 ms, once. */
  #grow(): void {
    const { width } = this.#counting
    const [hashes, state, slots] = [this.#hashes, this.state, this.#slots]
    this.#slots = Math.min(this.#most, 2 * slots)
    this.#hashes = new Uint32Array(2 * this.#slots)
    this.state = new Float64Array(width * this.#slots)
    for (let old = 0; old < slots; old += 1) {
      high = hashes[2 * old] as number
      low = hashes[2 * old + 1] as number
      if (high === 0 && low === 0) continue
      let slot = this.#home()
      let left = this.#reach()
      for (; left > 0 && !this.#isFree(slot); left -= 1) slot = this.#after(slot)
      // Rarer than one in a million tables that are half empty: who finds no place begins anew.
      if (left === 0) continue
      this.#name(slot)
      for (let at = 0; at < width; at += 1) this.state[slot * width + at] = state[old * width + at] as number
    }
  }

  #home(): number {
    return Math.floor((high / 4_294_967_296) * this.#slots)
  }

  #reach(): number {
    return Math.min(reach, this.#slots)
  }

  #after(slot: number): number {
    return slot + 1 === this.#slots ? 0 : slot + 1
  }

  #isFree(slot: number): boolean {
    return this.#hashes[2 * slot] === 0 && this.#hashes[2 * slot + 1] === 0
  }

  #holds(slot: number): boolean {
    return this.#hashes[2 * slot] === high && this.#hashes[2 * slot + 1] === low
  }

  #name(slot: number): void {
    this.#hashes[2 * slot] = high
    this.#hashes[2 * slot + 1] = low
  }
}

/** The hash that was made last: two numbers that need no object. */
let high = 0
let low = 0

const hash = (key: string): void => {
  let a = seed1
  let b = seed2
  for (let at = 0; at < key.length; at += 1) {
    const unit = key.charCodeAt(at)
    a = Math.imul(a ^ unit, factor1)
    a ^= a >>> 15
    b = Math.imul(b + unit, factor2)
    b ^= b >>> 13
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b)
  a = Math.imul(a ^ (a >>> 13) ^ key.length, 0xc2b2ae35)
  b = Math.imul(b ^ (b >>> 16), 0x7feb352d)
  b = Math.imul(b ^ (b >>> 15), 0x846ca68b)
  high = (a ^ (a >>> 16)) >>> 0
  // Both zero means a free place.
  low = (b ^ (b >>> 16)) >>> 0 || 1
}
