/** A bare item of a structured field: a string stands between quotes, a token does not, bytes are base64. */
export type BareItem =
  | { readonly kind: 'string' | 'token'; readonly text: string }
  | { readonly kind: 'integer'; readonly number: number }
  | { readonly kind: 'boolean'; readonly is: boolean }
  | { readonly kind: 'bytes'; readonly base64: string }

export type Item = { readonly value: BareItem; readonly parameters: ReadonlyMap<string, BareItem> }

/** A List of Items, parsed as RFC 9651 §4.2 says and no laxer. Throws where it is none, and for what we never send: decimals, dates, inner lists. */
export const parseItems = (field: string): readonly Item[] => {
  const reader = new Reader(field.replace(/^ +| +$/g, ''))
  const items: Item[] = []
  while (!reader.isAtEnd()) {
    items.push(reader.item())
    reader.skip(/[ \t]*/y)
    if (reader.isAtEnd()) break
    reader.expect(/,/y)
    reader.skip(/[ \t]*/y)
    if (reader.isAtEnd()) throw new Error(`A comma ends the list: ${field}`)
  }
  return items
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  skip(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    this.#at += found?.length ?? 0
    return found
  }

  expect(pattern: RegExp): string {
    const found = this.skip(pattern)
    if (found === undefined) throw new Error(`No ${pattern.source} at ${this.#at}: ${this.#text}`)
    return found
  }

  item(): Item {
    const value = this.#bareItem()
    const parameters = new Map<string, BareItem>()
    while (this.skip(/;/y) !== undefined) {
      this.skip(/ */y)
      const key = this.expect(/[a-z*][a-z0-9_.*-]*/y)
      parameters.set(key, this.skip(/=/y) === undefined ? { kind: 'boolean', is: true } : this.#bareItem())
    }
    return { value, parameters }
  }

  #bareItem(): BareItem {
    const quoted = this.skip(/"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/y)
    if (quoted !== undefined) return { kind: 'string', text: quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1') }
    const digits = this.skip(/-?[0-9]{1,15}(?![0-9.])/y)
    if (digits !== undefined) return { kind: 'integer', number: Number(digits) }
    const flag = this.skip(/\?[01]/y)
    if (flag !== undefined) return { kind: 'boolean', is: flag === '?1' }
    const bytes = this.skip(/:[A-Za-z0-9+/=]*:/y)
    if (bytes !== undefined) return { kind: 'bytes', base64: bytes.slice(1, -1) }
    return { kind: 'token', text: this.expect(/[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*/y) }
  }
}
