import type { Masker } from './masker.ts'
import { nowhere, type Place } from './path.ts'
import type { MaskRule } from './rule.ts'

/** A text that is no JSON, or nests deeper than anything should: it cannot be masked, and so is not to be shown. */
export class Unmaskable extends Error {
  override readonly name = 'Unmaskable'
}

export type MaskedJson = {
  /** Where the document's own names begin; the masker's root by default. */
  readonly root?: Place
  /** What is left of a member that a rule removes: nothing, or its name with null where a shape has to be kept. */
  readonly removed: 'gone' | 'null'
}

const deepest = 500

/**
 * A JSON text with the rules applied: one pass over the text, which copies what no rule is for as it stands, numbers
 * digit by digit; of members with one name each is masked. Throws Unmaskable.
 */
export const maskJson = (text: string, masker: Masker, options: MaskedJson): string => {
  const pass = new Pass(text, masker, options.removed === 'null')
  pass.document(options.root ?? masker.root)
  return pass.text()
}

/** The same for JSON that begins inside of a text; `end` is where it is over. */
export const maskJsonAt = (
  text: string,
  start: number,
  masker: Masker,
): { readonly text: string; readonly end: number } => {
  const pass = new Pass(text, masker, false, start)
  return { end: pass.one(masker.root), text: pass.text() }
}

const quote = 34
const backslash = 92

class Pass {
  readonly #text: string
  readonly #masker: Masker
  readonly #keepsNames: boolean
  #at = 0
  /** What is copied up to here, and the text that is. */
  #copied = 0
  #out = ''

  constructor(text: string, masker: Masker, keepsNames: boolean, start = 0) {
    this.#text = text
    this.#masker = masker
    this.#keepsNames = keepsNames
    this.#at = start
    this.#copied = start
  }

  document(root: Place): void {
    this.#blank()
    this.#value(root, 0)
    this.#blank()
    if (this.#at < this.#text.length) this.#refuse()
  }

  /** One value, and where it ends. */
  one(root: Place): number {
    this.#value(root, 0)
    return this.#at
  }

  /** What was passed over, masked. */
  text(): string {
    return this.#out + this.#text.slice(this.#copied, this.#at)
  }

  #value(place: Place, depth: number): void {
    const start = this.#at
    const code = this.#text.charCodeAt(start)
    if (place.hit !== undefined && place.hit.become === undefined) {
      this.#skip(depth)
      return this.#replace(start, 'null')
    }
    if (code === 91) return this.#list(place, depth)
    if (code === 123) {
      if (place.hit === undefined) return this.#object(place, depth)
      this.#skip(depth)
      return this.#become(place.hit, start)
    }
    if (code === quote) {
      const text = this.#string()
      if (place.hit !== undefined) this.#become(place.hit, start, text)
      else this.#patterned(text, start)
    } else if (code === 45 || (code >= 48 && code <= 57)) {
      const text = this.#token(number)
      if (place.hit !== undefined) this.#become(place.hit, start, text)
      else if (text.length > 3) this.#patterned(inDigits(text), start)
    } else {
      const text = this.#token(word)
      if (place.hit !== undefined && text !== 'null') this.#become(place.hit, start, text)
    }
  }

  #list(place: Place, depth: number): void {
    this.#open(depth)
    if (this.#ends(93)) return
    for (;;) {
      this.#value(place, depth + 1)
      this.#blank()
      if (this.#ends(93)) return
      this.#expect(44)
    }
  }

  #object(place: Place, depth: number): void {
    this.#open(depth)
    if (this.#ends(125)) return
    /** Where what was kept last ends; undefined as long as nothing was. */
    let kept: number | undefined
    for (;;) {
      const start = this.#at
      if (this.#text.charCodeAt(start) !== quote) this.#refuse()
      const name = this.#string()
      const nameEnd = this.#at
      this.#blank()
      this.#expect(58)
      const member = place === nowhere ? nowhere : place.step(name)
      if (member.hit !== undefined && member.hit.become === undefined && !this.#keepsNames) {
        this.#skip(depth)
        const end = this.#at
        this.#blank()
        const last = this.#ends(125)
        if (!last) this.#expect(44)
        // With the comma before it, or else the one behind.
        this.#cut(kept ?? start, kept === undefined && !last ? this.#at : end)
        if (last) return
        continue
      }
      this.#patterned(name, start, nameEnd)
      this.#value(member, depth + 1)
      kept = this.#at
      this.#blank()
      if (this.#ends(125)) return
      this.#expect(44)
    }
  }

  /** Over a value of which nothing is left. */
  #skip(depth: number): void {
    const [out, copied] = [this.#out, this.#copied]
    this.#value(nowhere, depth + 1)
    this.#out = out
    this.#copied = copied
  }

  #become({ become }: MaskRule, start: number, text = this.#text.slice(start, this.#at)): void {
    this.#replace(start, JSON.stringify(become?.(text) ?? null))
  }

  /** What patterns find in a text becomes what they say; a number, too, is then a string. */
  #patterned(text: string, start: number, end = this.#at): void {
    const masked = this.#masker.text(text)
    if (masked === text) return
    this.#out += this.#text.slice(this.#copied, start) + JSON.stringify(masked)
    this.#copied = end
  }

  #replace(start: number, by: string): void {
    this.#out += this.#text.slice(this.#copied, start) + by
    this.#copied = this.#at
  }

  #cut(start: number, end: number): void {
    // What stands before may have been replaced up to its end.
    if (start > this.#copied) this.#out += this.#text.slice(this.#copied, start)
    this.#copied = end
  }

  /** A string, decoded: a name may be spelled with escapes. */
  #string(): string {
    const text = this.#text
    const start = this.#at
    let escaped = false
    for (let at = start + 1; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      if (code === quote) {
        this.#at = at + 1
        return escaped ? this.#decoded(start) : text.slice(start + 1, at)
      }
      if (code < 32) break
      if (code === backslash) {
        escaped = true
        at += 1
      }
    }
    return this.#refuse()
  }

  #decoded(start: number): string {
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string
    } catch {
      return this.#refuse()
    }
  }

  #token(form: RegExp): string {
    form.lastIndex = this.#at
    const found = form.exec(this.#text)?.[0]
    if (found === undefined) return this.#refuse()
    this.#at += found.length
    return found
  }

  #open(depth: number): void {
    if (depth >= deepest) throw new Unmaskable(`It nests deeper than ${deepest} levels.`)
    this.#at += 1
    this.#blank()
  }

  #ends(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false
    this.#at += 1
    return true
  }

  #expect(code: number): void {
    if (!this.#ends(code)) this.#refuse()
    this.#blank()
  }

  #blank(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
      this.#at += 1
    }
  }

  #refuse(): never {
    throw new Unmaskable(`It is no JSON at character ${this.#at}.`)
  }
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const word = /true|false|null/y

/** More digits than anything has that a pattern is for. */
const mostDigits = 40

/** A number digit by digit, as others than JavaScript may write it with an exponent: 4.111111111111111E15. */
const inDigits = (text: string): string => {
  const [mantissa = '', exponent] = text.split(/[eE]/)
  if (exponent === undefined) return text
  const [whole = '', fraction = ''] = mantissa.split('.')
  const places = Number(exponent) - fraction.length
  if (places > mostDigits || places < -mostDigits) return text
  const digits = whole + fraction
  return places >= 0 ? digits + '0'.repeat(places) : `${digits.slice(0, places)}.${digits.slice(places)}`
}
