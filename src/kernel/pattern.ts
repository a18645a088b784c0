import { NotLinear, type Part, parsePattern } from './pattern-syntax.ts'

/** A regular expression that no text keeps busy: its time is in proportion to the text and to its own length. */
export type LinearPattern = {
  /** Whether any of a text fits. `spend` is told how many steps it takes, bit by bit, and may throw. */
  test(text: string, spend?: (steps: number) => void): boolean
}

/** More steps for one character than patterns of people have. */
const mostNodes = 2_000

/**
 * A pattern of a JSON Schema as a machine that is in all its states at once (K. Thompson, "Regular Expression Search
 * Algorithm", 1968), for one that goes back can be made to try every way. A sentence on why it cannot be run so: it is
 * no pattern, looks around, refers back, or is too large. Unicode where it may be (JSON Schema 2020-12 §6.4).
 */
export const linearPattern = (source: string): LinearPattern | { readonly mistake: string } => {
  const isUnicode = isPattern(source, 'u')
  if (!isUnicode && !isPattern(source, '')) return { mistake: 'is no regular expression' }
  try {
    const part = parsePattern(source, isUnicode)
    return isPlain(part) ? native(source, isUnicode) : new Machine(part, isUnicode)
  } catch (thrown) {
    if (thrown instanceof NotLinear) return { mistake: thrown.message }
    throw thrown
  }
}

const isPattern = (source: string, flags: string): boolean => {
  try {
    return new RegExp(source, flags).flags === flags
  } catch {
    return false
  }
}

/** Tried again at each place where the repetition before may end. */
const mostBehind = 32

/**
 * Whether the engine that goes back has one way to go: one character after the other from the start, with one
 * repetition at most whose end is open. So are most patterns, and on such it is twenty times as fast.
 */
const isPlain = (part: Part): boolean => {
  const [start, ...parts] = part.kind === 'row' ? part.parts : []
  if (start?.kind !== 'at' || start.place !== 'start') return false
  if (!parts.every((one) => one.kind === 'one' || isEnd(one) || (one.kind === 'repeat' && one.part.kind === 'one')))
    return false
  const open = parts.findIndex((one) => one.kind === 'repeat' && one.min !== one.max)
  if (open < 0) return true
  const behind = parts.slice(open + 1)
  const length = behind.reduce((sum, one) => sum + (one.kind === 'repeat' ? one.max : 1), 0)
  return length <= mostBehind && behind.every((one) => one.kind !== 'repeat' || one.min === one.max)
}

const isEnd = (part: Part): boolean => part.kind === 'at' && part.place === 'end'

const native = (source: string, isUnicode: boolean): LinearPattern => {
  const regexp = new RegExp(source, isUnicode ? 'u' : '')
  return {
    test(text, spend) {
      spend?.(1 + Math.floor(text.length / 20))
      return regexp.test(text)
    },
  }
}

/** What to do at a state, and where it leads. */
type Node =
  | { readonly kind: 'one'; readonly fits: (unit: number) => boolean; readonly next: number }
  | { readonly kind: 'at'; readonly place: Extract<Part, { kind: 'at' }>['place']; readonly next: number }
  | { readonly kind: 'fork'; one: number; readonly other: number }
  | { readonly kind: 'end' }

class Machine implements LinearPattern {
  readonly #nodes: Node[] = [{ kind: 'end' }]
  readonly #entry: number
  readonly #isUnicode: boolean
  /** Whether it fits nowhere but from the start. */
  readonly #fromStart: boolean
  /** At which character each state was entered last, counted over all texts. */
  readonly #entered: number[]
  #turn = 0

  constructor(part: Part, isUnicode: boolean) {
    this.#isUnicode = isUnicode
    this.#fromStart = isFromStart(part)
    this.#entry = this.#lay(part, 0)
    this.#entered = this.#nodes.map(() => 0)
  }

  test(text: string, spend?: (steps: number) => void): boolean {
    let here: number[] = []
    let there: number[] = []
    this.#turn += 1
    for (let at = 0; ; ) {
      if ((at === 0 || !this.#fromStart) && this.#enter(this.#entry, { text, at, into: here })) return true
      spend?.(here.length + 1)
      if (at >= text.length || (this.#fromStart && here.length === 0)) return false
      const unit = this.#isUnicode ? (text.codePointAt(at) as number) : text.charCodeAt(at)
      at += unit > 0xffff ? 2 : 1
      this.#turn += 1
      for (const index of here) {
        const node = this.#nodes[index] as Extract<Node, { kind: 'one' }>
        if (node.fits(unit) && this.#enter(node.next, { text, at, into: there })) return true
      }
      ;[here, there] = [there, here]
      there.length = 0
    }
  }

  /** Enters a state and all that it leads to without a character; true where one of them is the end. */
  #enter(index: number, where: { readonly text: string; readonly at: number; readonly into: number[] }): boolean {
    if (this.#entered[index] === this.#turn) return false
    this.#entered[index] = this.#turn
    const node = this.#nodes[index] as Node
    switch (node.kind) {
      case 'end':
        return true
      case 'one':
        where.into.push(index)
        return false
      case 'fork':
        return this.#enter(node.one, where) || this.#enter(node.other, where)
      case 'at':
        return holds(node.place, where) && this.#enter(node.next, where)
    }
  }

  #add(node: Node): number {
    if (this.#nodes.length >= mostNodes) throw new NotLinear('repeats too much; bound lengths by maxLength')
    return this.#nodes.push(node) - 1
  }

  /** Lays a part before what comes next, and says where it is entered. */
  #lay(part: Part, next: number): number {
    switch (part.kind) {
      case 'one':
        return this.#add({ kind: 'one', fits: part.fits, next })
      case 'at':
        return this.#add({ kind: 'at', place: part.place, next })
      case 'row':
        return part.parts.reduceRight((after, one) => this.#lay(one, after), next)
      case 'either':
        return part.ways
          .map((way) => this.#lay(way, next))
          .reduceRight((other, one) => this.#add({ kind: 'fork', one, other }))
      case 'repeat':
        return this.#layRepeated(part, next)
    }
  }

  #layRepeated({ part, min, max }: Extract<Part, { kind: 'repeat' }>, next: number): number {
    let entry = next
    if (max === Number.POSITIVE_INFINITY) {
      const fork = { kind: 'fork' as const, one: 0, other: next }
      entry = this.#add(fork)
      fork.one = this.#lay(part, entry)
    } else
      for (let times = min; times < max; times += 1)
        entry = this.#add({ kind: 'fork', one: this.#lay(part, entry), other: next })
    for (let times = 0; times < min; times += 1) entry = this.#lay(part, entry)
    return entry
  }
}

const isFromStart = (part: Part): boolean => {
  if (part.kind === 'row') return part.parts[0] !== undefined && isFromStart(part.parts[0])
  if (part.kind === 'either') return part.ways.every(isFromStart)
  return part.kind === 'at' && part.place === 'start'
}

const holds = (
  place: Extract<Part, { kind: 'at' }>['place'],
  { text, at }: { readonly text: string; readonly at: number },
): boolean => {
  if (place === 'start') return at === 0
  if (place === 'end') return at === text.length
  return (isWord(text, at - 1) !== isWord(text, at)) === (place === 'boundary')
}

const isWord = (text: string, at: number): boolean => /^[A-Za-z0-9_]$/.test(text.charAt(at))
