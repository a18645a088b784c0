/** A regular expression (ECMA-262 §22.2.1), taken apart as far as a text can be held against it in linear time. */
export type Part =
  /** One character that fits; `unit` is a code point of Unicode patterns, else a UTF-16 code unit. */
  | { readonly kind: 'one'; readonly fits: (unit: number) => boolean }
  | { readonly kind: 'at'; readonly place: 'start' | 'end' | 'boundary' | 'inside' }
  | { readonly kind: 'row'; readonly parts: readonly Part[] }
  | { readonly kind: 'either'; readonly ways: readonly Part[] }
  | { readonly kind: 'repeat'; readonly part: Part; readonly min: number; readonly max: number }

/** Thrown for what no linear time is enough for. */
export class NotLinear extends Error {}

/** Takes apart a pattern that `new RegExp` has taken. Throws NotLinear. */
export const parsePattern = (source: string, isUnicode: boolean): Part => {
  const reader = new PatternReader(source, isUnicode)
  return reader.either()
}

const ahead = 'looks ahead or behind'
const back = 'refers back to a group'

class PatternReader {
  readonly #source: string
  readonly #isUnicode: boolean
  #at = 0

  constructor(source: string, isUnicode: boolean) {
    this.#source = source
    this.#isUnicode = isUnicode
  }

  either(): Part {
    const ways = [this.#row()]
    while (this.#take('|')) ways.push(this.#row())
    return ways.length === 1 ? (ways[0] as Part) : { kind: 'either', ways }
  }

  #row(): Part {
    const parts: Part[] = []
    while (this.#at < this.#source.length && !this.#isNext('|') && !this.#isNext(')')) parts.push(this.#repeated())
    return parts.length === 1 ? (parts[0] as Part) : { kind: 'row', parts }
  }

  #repeated(): Part {
    const part = this.#atom()
    const found = this.#match(/\*|\+|\?|\{(\d+)(,(\d*))?\}/y)
    if (found === undefined) return part
    // Which of several fits is taken first says nothing about whether there is one.
    this.#take('?')
    const [sign, from = '', comma, to = ''] = found
    if (sign === '*') return { kind: 'repeat', part, min: 0, max: Number.POSITIVE_INFINITY }
    if (sign === '+') return { kind: 'repeat', part, min: 1, max: Number.POSITIVE_INFINITY }
    if (sign === '?') return { kind: 'repeat', part, min: 0, max: 1 }
    const min = Number(from)
    return {
      kind: 'repeat',
      part,
      min,
      max: comma === undefined ? min : to === '' ? Number.POSITIVE_INFINITY : Number(to),
    }
  }

  #atom(): Part {
    if (this.#take('^')) return { kind: 'at', place: 'start' }
    if (this.#take('$')) return { kind: 'at', place: 'end' }
    if (this.#take('\\b')) return { kind: 'at', place: 'boundary' }
    if (this.#take('\\B')) return { kind: 'at', place: 'inside' }
    if (this.#match(/\\[1-9k]/y) !== undefined) throw new NotLinear(back)
    if (this.#match(/\(\?<?[=!]/y) !== undefined) throw new NotLinear(ahead)
    if (this.#match(/\(\?[a-z-]+:/y) !== undefined) throw new NotLinear('switches flags within')
    if (this.#match(/\((?:\?(?::|<[^>]*>))?/y) !== undefined) {
      const inner = this.either()
      this.#take(')')
      return inner
    }
    const [set] = this.#match(/\[(?:[^\]\\]|\\[^])*\]|\./y) ?? this.#escape() ?? []
    if (set !== undefined) return { kind: 'one', fits: fitsSet(set, this.#isUnicode ? 'u' : '') }
    const code = this.#isUnicode ? (this.#source.codePointAt(this.#at) as number) : this.#source.charCodeAt(this.#at)
    this.#at += code > 0xffff ? 2 : 1
    return { kind: 'one', fits: (unit) => unit === code }
  }

  #escape(): RegExpExecArray | undefined {
    return this.#isUnicode
      ? this.#match(/\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u\{[^}]*\}|u....|[pP]\{[^}]*\}|x..|c[A-Za-z]|[^])/y)
      : this.#match(/\\(?:u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|0[0-7]{0,2}|[^])/y)
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#source) ?? undefined
    if (found !== undefined) this.#at += found[0].length
    return found
  }

  #isNext(text: string): boolean {
    return this.#source.startsWith(text, this.#at)
  }

  #take(text: string): boolean {
    const isNext = this.#isNext(text)
    if (isNext) this.#at += text.length
    return isNext
  }
}

/** A class or escape is held against one character at a time, by the engine that knows what it means; ASCII is remembered. */
const fitsSet = (set: string, flags: string): ((unit: number) => boolean) => {
  const regexp = new RegExp(`^${set}$`, flags)
  const known: (boolean | undefined)[] = []
  const fits = (unit: number): boolean => regexp.test(String.fromCodePoint(unit))
  return (unit) => (unit < 128 ? (known[unit] ??= fits(unit)) : fits(unit))
}
