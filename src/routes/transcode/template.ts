import { canonicalPath } from '../../kernel/path.ts'

/** One segment of a path template: literal text in canonical form, `*`, or `**`. */
export type TemplateSegment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'many' }

/** A variable of a path template: the request field it names, and the segments it takes. */
export type TemplateVariable = {
  /** As written: `book.name`. */
  readonly path: string
  /** Where it stands in the template's text. */
  readonly at: number
  /** Its first segment, and the one after its last; Infinity where it takes all that are left. */
  readonly from: number
  readonly to: number
  /** Whether it holds several segments, of which an escaped slash stays escaped. */
  readonly multi: boolean
}

/** A path template of google/api/http.proto, taken apart. */
export type PathTemplate = {
  readonly text: string
  readonly segments: readonly TemplateSegment[]
  readonly variables: readonly TemplateVariable[]
  /** The custom verb without its colon; empty for none. */
  readonly verb: string
}

/** What is wrong with a template, and the character it begins at. */
export type TemplateMistake = {
  readonly at: number
  readonly message: string
  /** Set where published protos break the grammar in this way, and other gateways leave the rule out too. */
  readonly severity?: 'error' | 'warning'
}

/**
 * Reads a path template by the grammar of google/api/http.proto:
 *
 *     Template = "/" [ Segments ] [ ":" LITERAL ] ;     Segment  = "*" | "**" | LITERAL | Variable ;
 *     Segments = Segment { "/" Segment } ;              Variable = "{" IDENT { "." IDENT } [ "=" Segments ] "}" ;
 *
 * `/` alone is taken too, as other gateways do.
 */
export const parseTemplate = (text: string): PathTemplate | TemplateMistake => {
  try {
    return new TemplateReader(text).read()
  } catch (thrown) {
    if (thrown instanceof Unreadable) return { at: thrown.at, message: thrown.message, ...thrown.beyond }
    throw thrown
  }
}

class Unreadable extends Error {
  readonly at: number
  readonly beyond: Pick<TemplateMistake, 'severity'>

  constructor(at: number, message: string, beyond: Pick<TemplateMistake, 'severity'> = {}) {
    super(message)
    this.at = at
    this.beyond = beyond
  }
}

const fieldPath = /[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*/y
const literal = /[^/{}*]+/y

class TemplateReader {
  readonly #text: string
  readonly #segments: TemplateSegment[] = []
  readonly #variables: TemplateVariable[] = []
  #verb = ''
  #at = 0
  #many: number | undefined

  constructor(text: string) {
    this.#text = text
  }

  read(): PathTemplate {
    if (this.#text[0] !== '/') throw new Unreadable(0, 'A path template begins with a slash.')
    this.#at = 1
    if (this.#text.length > 1) this.#readSegments(false)
    if (this.#at < this.#text.length) this.#readVerb()
    return { text: this.#text, segments: this.#segments, variables: this.#variables, verb: this.#verb }
  }

  #readSegments(inside: boolean): void {
    for (;;) {
      if (this.#many !== undefined)
        throw new Unreadable(this.#many, '`**` takes all that is left: nothing may follow; this rule is not served.', {
          severity: 'warning',
        })
      this.#readSegment(inside)
      if (this.#text[this.#at] !== '/') return
      this.#at += 1
    }
  }

  #readSegment(inside: boolean): void {
    const from = this.#at
    if (this.#text.startsWith('**', from)) {
      this.#at += 2
      this.#many = from
      this.#segments.push({ kind: 'many' })
    } else if (this.#text[from] === '*') {
      this.#at += 1
      this.#segments.push({ kind: 'one' })
    } else if (this.#text[from] === '{') {
      if (inside) throw new Unreadable(from, 'A variable may not hold another variable.')
      this.#readVariable()
    } else this.#readLiteral(inside)
    const next = this.#text[this.#at]
    if (next !== undefined && next !== '/' && next !== (inside ? '}' : ':'))
      throw new Unreadable(this.#at, inside ? 'Expected `/` or `}`.' : 'Expected `/`, `:` or the end of the template.')
  }

  #readLiteral(inside: boolean): void {
    const from = this.#at
    let text = this.#take(literal)
    // A colon is the verb's in the last segment alone.
    const colon = inside || this.#at < this.#text.length ? -1 : text.lastIndexOf(':')
    if (colon >= 0) {
      text = text.slice(0, colon)
      this.#at = from + colon
    }
    if (text === '') throw new Unreadable(from, 'There is a segment missing.')
    this.#segments.push({ kind: 'literal', text: this.#canonical(text, from) })
  }

  #readVariable(): void {
    const at = this.#at
    this.#at += 1
    const path = this.#take(fieldPath)
    if (path === '') throw new Unreadable(this.#at, 'Expected the name of a field.')
    if (this.#variables.some((other) => other.path === path)) throw new Unreadable(at, `${path} stands here twice.`)
    const from = this.#segments.length
    if (this.#text[this.#at] === '=') {
      this.#at += 1
      this.#readSegments(true)
    } else this.#segments.push({ kind: 'one' })
    if (this.#text[this.#at] !== '}') throw new Unreadable(this.#at, 'This variable is not closed: `}` is missing.')
    this.#at += 1
    const own = this.#segments.slice(from)
    const open = own.at(-1)?.kind === 'many'
    const to = open ? Number.POSITIVE_INFINITY : this.#segments.length
    this.#variables.push({ path, at, from, to, multi: open || own.length > 1 })
  }

  #readVerb(): void {
    const from = this.#at + 1
    this.#at = from
    const text = this.#take(literal)
    if (text === '') throw new Unreadable(from, 'There is no verb behind the colon.')
    if (this.#at < this.#text.length) throw new Unreadable(this.#at, 'Nothing may follow the verb.')
    if (text.includes(':')) throw new Unreadable(from, 'A template has one verb.')
    this.#verb = this.#canonical(text, from)
  }

  #take(form: RegExp): string {
    form.lastIndex = this.#at
    const found = form.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  /** Requests are matched in their canonical form, so literals need it too. */
  #canonical(text: string, at: number): string {
    const canonical = canonicalPath(`/${text}`)?.slice(1)
    if (canonical === undefined || canonical === '' || /[?#/]/.test(text))
      throw new Unreadable(at, `No request path can hold ${JSON.stringify(text)} as one segment.`)
    return canonical
  }
}
