import { distance } from 'fastest-levenshtein'
import type { Code } from './codes/codes.ts'
import type { Severity } from './codes/entry.ts'
import { covered } from './covered.ts'

/** A place in a workspace file. Lines and columns start at 1; `text` is the whole line. */
export type Place = {
  /** Relative to the workspace, with forward slashes. */
  readonly file: string
  readonly line: number
  readonly column: number
  readonly text: string
}

/** An edit that mends a mistake: what stands at a place, within one line, and what replaces it. */
export type Mend = { readonly place: Place; readonly old: string; readonly new: string }

/** A mistake in a workspace, or a doubt about it, for its author. */
export type Diagnostic = {
  readonly severity: Severity
  /** The kind of mistake, whose section of the reference says more. */
  readonly code: Code
  readonly place: Place
  /** What it concerns: `services.users.rest` in YAML, `User.orders` in SDL, `shop.v1.Catalog` in a proto. */
  readonly coordinate: string
  /** One sentence that names the cause, with candidates and the way to mend it where known. */
  readonly message: string
  /** What `check --fix` does about it; undefined where a person should look. */
  readonly mend?: Mend | undefined
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some(({ severity }) => severity === 'error')

/** The place of a character offset in a file's text. */
export const placeAt = (file: string, text: string, offset: number): Place => {
  const starts = lineStartsOf(text)
  const line = lastNotAfter(starts, offset)
  const lineStart = starts[line] as number
  const next = starts[line + 1]
  return {
    file,
    line: line + 1,
    column: offset - lineStart + 1,
    text: covered(text.slice(lineStart, next === undefined ? undefined : next - 1).replace(/\r$/, '')),
  }
}

// Thousands of places are asked of one text after the other: counting its lines for each would cost the square of them.
let indexed: { readonly text: string; readonly starts: readonly number[] } = { text: '', starts: [0] }

const lineStartsOf = (text: string): readonly number[] => {
  if (indexed.text === text) return indexed.starts
  const starts = [0]
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1)
  indexed = { text, starts }
  return starts
}

const lastNotAfter = (starts: readonly number[], offset: number): number => {
  let [low, high] = [0, starts.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] as number) <= offset) low = middle
    else high = middle - 1
  }
  return low
}

/** The first line and column of a file, for what is wrong with the file as a whole. */
export const startOf = (file: string, text = ''): Place => placeAt(file, text, 0)

const indentation = '    '

/** What of a line is shown: longer ones are cut to what surrounds the column. */
const widest = 200

const around = (text: string, index: number): { readonly shown: string; readonly at: number } => {
  if (text.length <= widest) return { shown: text, at: index }
  const start = Math.min(Math.max(0, index - widest / 4), text.length - widest)
  const [before, after] = [start > 0 ? '…' : '', start + widest < text.length ? '…' : '']
  return { shown: `${before}${text.slice(start, start + widest)}${after}`, at: index - start + before.length }
}

/** Control characters would move the caret or command the terminal; tabs stay, and stand above the caret too. */
// oxlint-disable-next-line no-control-regex
const printable = (text: string): string => text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, '\ufffd')

/**
 * A diagnostic as its author reads it: place, coordinate and code, the line, a caret with the message.
 *
 *     portico.yaml:12:14  services.catalog.proto  PORTICO-803
 *         proto: shop/catalog/v1/catalogue.proto
 *                ^ No such file under protos/. Did you mean shop/catalog/v1/catalog.proto?
 */
export const formatDiagnostic = ({ severity, code, place, coordinate, message }: Diagnostic): string => {
  const { file, line, column, text } = place
  const about = [coordinate, code as string, severity === 'error' ? '' : `(${severity})`].filter((word) => word !== '')
  const head = [`${file}:${line}:${column}`, ...about].join('  ')
  const written = text.trimStart()
  if (written === '') return `${head}\n${indentation}${message}`
  const { shown, at } = around(written, Math.max(0, column - 1 - (text.length - written.length)))
  const before = shown.slice(0, at)
  return `${head}\n${indentation}${printable(shown)}\n${indentation}${before.replace(/[^\t]/g, ' ')}^ ${message}`
}

/** By file, line and column. */
export const inOrder = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
  diagnostics.toSorted(
    (a, b) =>
      a.place.file.localeCompare(b.place.file) || a.place.line - b.place.line || a.place.column - b.place.column,
  )

/** All diagnostics, in the order of their places, with a blank line between. */
export const formatDiagnostics = (diagnostics: readonly Diagnostic[]): string =>
  inOrder(diagnostics).map(formatDiagnostic).join('\n\n')

/** The candidate a typo most likely meant, or undefined where none is near. */
export const nearest = (name: string, candidates: Iterable<string>): string | undefined => {
  let best: string | undefined
  let least = Math.max(2, Math.floor(name.length * 0.4)) + 1
  for (const candidate of candidates) {
    const d = distance(name.toLowerCase(), candidate.toLowerCase())
    if (d < least) {
      best = candidate
      least = d
    }
  }
  return best
}

/** ` Did you mean x?` for a near candidate, ` There are: a, b.` for a short list, else nothing. Starts with a space. */
export const didYouMean = (name: string, candidates: Iterable<string>): string => {
  const all = [...candidates]
  const near = nearest(name, all)
  if (near !== undefined) return ` Did you mean ${near}?`
  return all.length > 0 && all.length <= 12 ? ` There ${all.length === 1 ? 'is' : 'are'}: ${all.join(', ')}.` : ''
}
