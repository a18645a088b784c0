import type { Find } from './patterns.ts'

/** Where a text holds what a pattern is for, and what that is; `coded` says how often it is percent-encoded there. */
export type Span = { readonly start: number; readonly end: number; readonly value: string; readonly coded: number }

/** An address in an address in an address. */
const deepest = 3

const none: readonly Span[] = []

const escape = /%[0-9a-f]{2}/i

/** What a pattern finds in a text, in order, none inside another: also what stands there percent-encoded (RFC 3986 §2.1), as in links. */
export const spansOf = (find: Find, text: string, depth = 0): readonly Span[] => {
  const found = find(text)
  const isCoded = depth < deepest && text.includes('%') && escape.test(text)
  if (found.length === 0 && !isCoded) return none
  const plain = Array.from({ length: found.length / 2 }, (_, i): Span => {
    const [start, end] = [found[2 * i] as number, found[2 * i + 1] as number]
    return { start, end, value: text.slice(start, end), coded: 0 }
  })
  if (!isCoded) return plain
  const { decoded, starts } = decode(text)
  if (decoded === text) return plain
  const inside = spansOf(find, decoded, depth + 1).map(
    ({ start, end, value, coded }): Span => ({
      start: starts[start] as number,
      end: starts[end] as number,
      value,
      coded: coded + 1,
    }),
  )
  return inside.length === 0 ? plain : together(plain, inside)
}

/** What was decoded has its true ends, for an escaped slash does not join two words; what is found as it stands is plain. */
const together = (plain: readonly Span[], inside: readonly Span[]): readonly Span[] => {
  const spans: Span[] = []
  let next = 0
  for (const one of inside) {
    let before = plain[next]
    while (before !== undefined && before.end <= one.start) {
      spans.push(before)
      before = plain[(next += 1)]
    }
    spans.push(before?.start === one.start && before.end === one.end ? before : one)
    while ((plain[next]?.start ?? Number.POSITIVE_INFINITY) < one.end) next += 1
  }
  return spans.concat(plain.slice(next))
}

/** How many bytes a character of UTF-8 has, by its first. */
const lengthOf = (first: number): number => (first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4)

/** A text without its escapes, and where each of its characters began, its end included. Escapes that are no UTF-8 stay. */
const decode = (text: string): { readonly decoded: string; readonly starts: Uint32Array } => {
  const starts = new Uint32Array(text.length + 1)
  let decoded = ''
  let at = 0
  const take = (characters: string, from: number, step: 0 | 1): void => {
    for (let i = 0; i < characters.length; i += 1) starts[decoded.length + i] = from + i * step
    decoded += characters
  }
  while (at < text.length) {
    const next = text.indexOf('%', at)
    const end = next < 0 ? text.length : next
    take(text.slice(at, end), at, 1)
    if (next < 0) break
    const { character, length } = characterAt(text, next)
    take(character, next, 0)
    at = next + length
  }
  starts[decoded.length] = text.length
  return { decoded, starts }
}

/** What an escape stands for; itself where it is none. */
const characterAt = (text: string, at: number): { readonly character: string; readonly length: number } => {
  const as = { character: '%', length: 1 }
  const first = Number.parseInt(text.slice(at + 1, at + 3), 16)
  if (Number.isNaN(first)) return as
  const length = 3 * lengthOf(first)
  try {
    return { character: decodeURIComponent(text.slice(at, at + length)), length }
  } catch {
    return as
  }
}

/** A text as it stands in a place that is percent-encoded so often. */
export const encoded = (text: string, times: number): string =>
  times === 0 ? text : encoded(encodeURIComponent(text.toWellFormed()), times - 1)
