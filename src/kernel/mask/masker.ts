import { type Place, rootOf } from './path.ts'
import type { MaskRule } from './rule.ts'

/** Rules that hold together, for documents of one kind. */
export type Masker = {
  readonly root: Place
  /** Whether any text may hold what a pattern is for. */
  readonly patterned: boolean
  /** The names at the ends of paths. */
  readonly names: readonly string[]
  /** A text with what patterns find in it replaced. */
  readonly text: (text: string) => string
}

/** Texts shorter than this hold nothing that a pattern is for. */
const shortest = 4

export const createMasker = (rules: readonly MaskRule[]): Masker => {
  const finding = rules.filter(({ find }) => find !== undefined)
  return {
    root: rootOf(rules),
    patterned: finding.length > 0,
    names: rules.flatMap(({ path }) => path?.at(-1) ?? []),
    text: finding.length === 0 ? (text) => text : (text) => (text.length < shortest ? text : masked(text, finding)),
  }
}

/** One rule after another: what the first has replaced the next finds no more. */
const masked = (text: string, rules: readonly MaskRule[]): string => {
  let result = text
  for (const { find, become } of rules) {
    const spans = find?.(result) ?? []
    if (spans.length === 0) continue
    let next = ''
    let past = 0
    for (let i = 0; i < spans.length; i += 2) {
      const [start, end] = [spans[i] as number, spans[i + 1] as number]
      next += result.slice(past, start) + (become?.(result.slice(start, end)) ?? '')
      past = end
    }
    result = next + result.slice(past)
  }
  return result
}
