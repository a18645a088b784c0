import { exactNumber, type Json } from '../kernel/json.ts'
import type { Comparison, Condition, Operand } from './condition.ts'

const tokenForm =
  /\s*(?:(?<sign>==|!=|<=|>=|&&|\|\||[<>!()[\],])|(?<text>'[^']*'|"[^"]*")|(?<number>-?\d+(?:\.\d+)?(?![\w.]))|(?<word>[A-Za-z_$][\w$-]*(?:\.[\w$-]+)*))/y

type Token = { readonly kind: 'sign' | 'text' | 'number' | 'word'; readonly text: string }

class Mistake extends Error {}

/** More parentheses and negations than anybody reads. */
const mostLevels = 32

/** Reads a condition such as `status < 300 && body.ok == true`; the answer is a string when it is wrong, saying how. */
export const parseCondition = (text: string): Condition | string => {
  try {
    const tokens = tokensOf(text)
    const reader = new Reader(tokens)
    const condition = reader.any(0)
    const left = reader.take()
    return left === undefined ? condition : `Nothing is expected at ${left.text}; && and || stand between conditions.`
  } catch (error) {
    if (error instanceof Mistake) return error.message
    throw error
  }
}

const tokensOf = (text: string): readonly Token[] => {
  const tokens: Token[] = []
  const written = text.trimEnd()
  tokenForm.lastIndex = 0
  while (tokenForm.lastIndex < written.length) {
    const at = tokenForm.lastIndex
    const groups = tokenForm.exec(written)?.groups
    const found = Object.entries(groups ?? {}).find(([, part]) => part !== undefined)
    if (found === undefined) throw new Mistake(`${written.slice(at).trim()} cannot be read.`)
    tokens.push({ kind: found[0] as Token['kind'], text: found[1] })
  }
  return tokens
}

const comparisons: readonly string[] = ['==', '!=', '<', '<=', '>', '>=', 'in'] satisfies Comparison[]

class Reader {
  private at = 0
  private readonly tokens: readonly Token[]

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens
  }

  take(): Token | undefined {
    return this.tokens[this.at++]
  }

  any(level: number): Condition {
    return this.joined('||', 'any', () => this.joined('&&', 'all', () => this.one(level)))
  }

  private joined(sign: string, kind: 'any' | 'all', next: () => Condition): Condition {
    const of = [next()]
    while (this.took(sign)) of.push(next())
    return of.length === 1 ? (of[0] as Condition) : { kind, of }
  }

  private one(level: number): Condition {
    if (level > mostLevels) throw new Mistake(`A condition has at most ${mostLevels} levels.`)
    if (this.took('!')) return { kind: 'not', of: this.one(level + 1) }
    if (this.took('(')) {
      const inner = this.any(level + 1)
      if (!this.took(')')) throw new Mistake('A parenthesis is not closed.')
      return inner
    }
    const left = this.operand()
    const kind = this.tokens[this.at]?.text
    if (kind === undefined || !comparisons.includes(kind)) {
      if (left.kind === 'literal') throw new Mistake('A value alone says nothing of the answer: compare it.')
      return { kind: 'is', of: left }
    }
    this.at += 1
    const right = this.operand()
    if (kind === 'in' && right.kind === 'literal' && !Array.isArray(right.value))
      throw new Mistake("`in` takes a list, such as ['failed', 'refused'].")
    return { kind: kind as Comparison, left, right }
  }

  private operand(): Operand {
    if (this.took('[')) return { kind: 'literal', value: this.list() }
    const token = this.take()
    if (token === undefined) throw new Mistake('A path or a value is missing at the end.')
    if (token.kind !== 'word') return { kind: 'literal', value: this.literal(token) }
    const [root = '', ...path] = token.text.split('.')
    if (path.length === 0 && constants.has(root)) return { kind: 'literal', value: constants.get(root) as Json }
    if (root === 'body' || (root === 'status' && path.length === 0)) return { kind: 'path', root, path }
    if (root === 'header' && path.length === 1)
      return { kind: 'path', root, path: path.map((name) => name.toLowerCase()) }
    throw new Mistake(`${token.text} is neither body, body.<path>, header.<name> nor status; texts stand in quotes.`)
  }

  private list(): readonly Json[] {
    const items: Json[] = []
    while (!this.took(']')) {
      const token = this.take()
      if (token === undefined) throw new Mistake('A list is not closed.')
      items.push(this.literal(token))
      if (!this.took(',') && this.tokens[this.at]?.text !== ']')
        throw new Mistake('Commas stand between items of a list.')
    }
    return items
  }

  private literal({ kind, text }: Token): Json {
    if (kind === 'text') return text.slice(1, -1)
    if (kind === 'number') return exactNumber(text)
    if (kind === 'word' && constants.has(text)) return constants.get(text) as Json
    throw new Mistake(`A value is expected, not ${text}.`)
  }

  private took(sign: string): boolean {
    const token = this.tokens[this.at]
    if (token?.kind !== 'sign' || token.text !== sign) return false
    this.at += 1
    return true
  }
}

const constants: ReadonlyMap<string, Json> = new Map<string, Json>([
  ['true', true],
  ['false', false],
  ['null', null],
])
