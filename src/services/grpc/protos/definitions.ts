/** Where a definition stands in its file's text, as offsets. */
export type Definition = {
  /** Of its name. */
  readonly name: number
  /** Of its first word (of a method, what follows its name) and of what follows its end. */
  readonly start: number
  readonly end: number
  /** Of an extension, the name of the message it extends. */
  readonly extended: number | undefined
}

/** By full names, in the names of the proto: `shop.v1.Product.unit_price`, `shop.v1.State.ACTIVE`. */
export type Definitions = ReadonlyMap<string, readonly Definition[]>

/**
 * Every definition in the text of a proto file, in order; of a name that is there twice, both. protobufjs keeps no
 * positions, so this reads the text once more, for diagnostics alone: what it cannot make out it leaves out.
 */
export const definitionsIn = (text: string): Definitions => new Scanner(text).scan()

type Token = { readonly text: string; readonly at: number }
type Statement = { readonly words: readonly Token[]; readonly end: Token | undefined }

/** The scopes that names belong to: those of messages, enums and services, and those of fields, which a oneof shares. */
type Scope = { readonly types: string; readonly fields: string }

const tokens = /\/\/[^\n]*|\/\*[^]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\.?[A-Za-z_][\w.]*|[^\s]/g
const namedBlocks = /^(?:message|enum|service|oneof)$/
const unnamed = /^(?:option|syntax|edition|import|reserved|extensions)$/

class Scanner {
  readonly #found = new Map<string, Definition[]>()
  readonly #text: string
  readonly #input: readonly Token[]
  #next = 0
  #package = ''
  #extended: number | undefined

  constructor(text: string) {
    this.#text = text
    this.#input = [...text.matchAll(tokens)]
      .map(({ 0: token, index }) => ({ text: token, at: index }))
      .filter(({ text: token }) => !token.startsWith('//') && !token.startsWith('/*'))
  }

  scan(): Definitions {
    while (this.#next < this.#input.length) this.#block({ types: this.#package, fields: this.#package })
    return this.#found
  }

  /** The statements of a block up to its closing brace; what it returns is the offset behind that. */
  #block(scope: Scope): number {
    while (this.#next < this.#input.length) {
      const { words: all, end } = this.#statement()
      const words = /^(?:export|local)$/.test(all[0]?.text ?? '') ? all.slice(1) : all
      const [keyword, name] = words
      const closing = end === undefined ? this.#text.length : end.at + 1
      if (end?.text === '}') return closing
      if (keyword?.text === 'package' && name !== undefined && end?.text === ';') {
        this.#package = name.text
        return closing // and on in the scope of the package
      }
      if (end?.text === '{') this.#opened(words, scope)
      else if (keyword?.text === 'rpc' && name !== undefined) this.#method(name, scope, closing)
      else {
        const named = nameIn(words)
        // A value of an enum may be called `option`.
        if (
          named !== undefined &&
          (!unnamed.test(keyword?.text ?? '') || (named === keyword && scope.types !== this.#package))
        )
          this.#define(within(scope.fields, named), { name: named, start: keyword?.at ?? named.at, end: closing })
      }
    }
    return this.#text.length
  }

  /** A statement that has a block. */
  #opened(words: readonly Token[], scope: Scope): void {
    const [keyword, name] = words
    const start = keyword?.at ?? 0
    if (keyword === undefined || name === undefined || keyword.text === 'option') this.#skip()
    else if (keyword.text === 'oneof')
      this.#define(within(scope.fields, name), { name, start, end: () => this.#block(scope) })
    else if (namedBlocks.test(keyword.text)) {
      const full = within(scope.types, name)
      this.#define(full, { name, start, end: () => this.#block({ types: full, fields: full }) })
    } else if (keyword.text === 'extend') {
      this.#extended = name.at
      this.#block(scope)
      this.#extended = undefined
    } else if (keyword.text === 'rpc') this.#method(name, scope, () => this.#skip())
    else this.#group(words, scope)
  }

  #method(name: Token, { types }: Scope, end: number | (() => number)): void {
    this.#define(within(types, name), { name, start: name.at + name.text.length, end })
  }

  /** A group is a message and, in lower case, a field. */
  #group(words: readonly Token[], { types, fields }: Scope): void {
    const name = nameIn(words)
    if (name === undefined) {
      this.#skip()
      return
    }
    const full = within(types, name)
    const start = words[0]?.at ?? name.at
    this.#define(full, { name, start, end: () => this.#block({ types: full, fields: full }) })
    const field = within(fields, { ...name, text: name.text.toLowerCase() })
    if (field !== full) this.#define(field, { name, start, end: name.at + name.text.length })
  }

  #define(full: string, { name, start, end }: { name: Token; start: number; end: number | (() => number) }): void {
    const definition = { name: name.at, start, end: this.#text.length, extended: this.#extended }
    this.#found.set(full, [...(this.#found.get(full) ?? []), definition])
    definition.end = typeof end === 'number' ? end : end()
  }

  /** The words up to the next `;`, `{` or `}` that is not in brackets. */
  #statement(): Statement {
    const words: Token[] = []
    let depth = 0
    while (this.#next < this.#input.length) {
      const token = this.#input[this.#next++]!
      if (token.text === '[') depth += 1
      else if (token.text === ']') depth -= 1
      else if (depth === 0 && /^[;{}]$/.test(token.text)) return { words, end: token }
      words.push(token)
    }
    return { words, end: undefined }
  }

  /** Goes on behind the brace that closes the block just opened, and returns the offset there. */
  #skip(): number {
    for (let depth = 1; this.#next < this.#input.length; ) {
      const { text: token, at } = this.#input[this.#next++]!
      if (token === '{') depth += 1
      else if (token === '}') depth -= 1
      if (depth === 0) return at + 1
    }
    return this.#text.length
  }
}

const within = (owner: string, { text }: Token): string => (owner === '' ? text : `${owner}.${text}`)

/** Fields and values have a number, and before it their name. */
const nameIn = (words: readonly Token[]): Token | undefined => words[words.findIndex(({ text }) => text === '=') - 1]
