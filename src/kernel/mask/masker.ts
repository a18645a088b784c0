import { nowhere, type Place, rootOf } from './path.ts'
import { findTokens } from './patterns.ts'
import type { MaskRule } from './rule.ts'
import { encoded, spansOf } from './spans.ts'

/** Rules that hold together, for documents of one kind. */
export type Masker = {
  readonly root: Place
  /** Of answers and messages of GraphQL that tell of errors: their details are documents. */
  readonly errors: Place
  /** Whether any text may hold what a pattern is for. */
  readonly patterned: boolean
  /** The names at the ends of paths. */
  readonly names: readonly string[]
  /** A text with what patterns find in it replaced. */
  readonly text: (text: string) => string
  /** The same but for tokens: of headers that hand them to whom they are for. */
  readonly textButTokens: (text: string) => string
}

/** Texts shorter than this hold nothing that a pattern is for. */
const shortest = 4

type Finding = MaskRule & { readonly find: NonNullable<MaskRule['find']> }

export const createMasker = (rules: readonly MaskRule[]): Masker => {
  const finding = rules.filter((rule): rule is Finding => rule.find !== undefined)
  const root = rootOf(rules)
  return {
    root,
    errors: errorsWith(root),
    patterned: finding.length > 0,
    names: rules.flatMap(({ path }) => path?.at(-1) ?? []),
    text: textMasker(finding),
    textButTokens: textMasker(finding.filter(({ find }) => find !== findTokens)),
  }
}

/** `errors`, or the `payload` of a WebSocket that is or has them. Data are masked by then, and nothing below is a place. */
const errorsWith = (details: Place): Place => {
  const extensions: Place = { hit: undefined, step: (name) => (name === 'details' ? details : nowhere) }
  const errors: Place = {
    hit: undefined,
    step: (name) => (name === 'errors' || name === 'payload' ? errors : name === 'extensions' ? extensions : nowhere),
  }
  return errors
}

const textMasker = (rules: readonly Finding[]): Masker['text'] =>
  rules.length === 0 ? (text) => text : (text) => (text.length < shortest ? text : masked(text, rules))

/** One rule after another: what the first has replaced the next finds no more. */
const masked = (text: string, rules: readonly Finding[]): string => {
  let result = text
  for (const { find, become } of rules) {
    let next = ''
    let past = 0
    for (const { start, end, value, coded } of spansOf(find, result)) {
      next += result.slice(past, start) + encoded(become?.(value) ?? '', coded)
      past = end
    }
    if (past > 0) result = next + result.slice(past)
  }
  return result
}
