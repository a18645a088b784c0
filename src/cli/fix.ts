import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { parse } from 'graphql'
import type { Diagnostic, Mend } from '../kernel/diagnostic.ts'
import { writeFiles } from './register/write.ts'

/** What `--fix` does to a workspace. */
export type Fixes = {
  /** In the order of their places. */
  readonly mends: readonly Mend[]
  /** Whole files with their edits, by their names in the workspace. */
  readonly files: ReadonlyMap<string, { readonly content: string }>
}

/** A workspace as it was checked: its mistakes, and the files that it is made of. */
export type Checked = { readonly diagnostics: readonly Diagnostic[]; readonly files: readonly string[] }

/**
 * The edits that mend what can only be meant in one way. None where a file does not parse: what is said of the others
 * may follow from that. Edits that overlap, and files outside of the workspace, are left to people.
 */
export const fixesOf = (dir: string, { diagnostics, files: all }: Checked): Fixes => {
  if (
    diagnostics.some(isUnparsed) ||
    all.some((file) => /\.(graphqls?|gql)$/.test(file) && !isGraphql(join(dir, file)))
  )
    return { mends: [], files: new Map() }
  const byFile = Map.groupBy(
    diagnostics.flatMap(({ mend }) => (mend === undefined ? [] : [mend])),
    ({ place }) => place.file,
  )
  const mends: Mend[] = []
  const files = new Map<string, { readonly content: string }>()
  for (const [file, wanted] of [...byFile].toSorted(([a], [b]) => a.localeCompare(b))) {
    const text = isAbsolute(file) || file.split('/').includes('..') ? undefined : textOf(join(dir, file))
    if (text === undefined) continue
    const edits = editsOf(text, wanted)
    if (edits.length === 0) continue
    mends.push(...edits.map(({ mend }) => mend))
    files.set(file, { content: edited(text, edits) })
  }
  return { mends, files }
}

/** Writes the files, each whole or not at all; what failed, if anything did. */
export const writeFixes = (dir: string, { files }: Fixes): string | undefined =>
  files.size === 0 ? undefined : writeFiles(dir, files)

/** `schema/web.graphql:12:20  usrs → users` */
export const mendLine = ({ place: { file, line, column }, old, new: replacement }: Mend): string =>
  `${file}:${line}:${column}  ${old} → ${replacement}`

const isUnparsed = ({ code, message }: Diagnostic): boolean =>
  code === 'PORTICO-002' || code === 'PORTICO-801' || code === 'PORTICO-900' || message.startsWith('Syntax Error')

/** Operations are read after schemas that are sound, so that their mistakes may not be known yet. */
const isGraphql = (path: string): boolean => {
  try {
    parse(readFileSync(path, 'utf8'), { noLocation: true })
    return true
  } catch {
    return false
  }
}

/** The text of a file; undefined where reading and writing it would change its bytes. */
const textOf = (path: string): string | undefined => {
  const bytes = readFileSync(path)
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) ? text : undefined
}

type Edit = { readonly mend: Mend; readonly start: number; readonly end: number }

/** Edits by their place, each once; those that meet another of a different effect are left out. */
const editsOf = (text: string, mends: readonly Mend[]): readonly Edit[] => {
  const starts = lineStarts(text)
  const found = mends
    .map((mend) => {
      const start = (starts[mend.place.line - 1] ?? text.length) + mend.place.column - 1
      return { mend, start, end: start + mend.old.length }
    })
    .filter(({ mend, start, end }) => text.slice(start, end) === mend.old)
  const different = [...new Map(found.map((edit) => [`${edit.start} ${edit.end} ${edit.mend.new}`, edit])).values()]
  return different
    .filter((edit) => !different.some((other) => other !== edit && other.start < edit.end && edit.start < other.end))
    .toSorted((a, b) => a.start - b.start)
}

const lineStarts = (text: string): readonly number[] => {
  const starts = [0]
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1)
  return starts
}

const edited = (text: string, edits: readonly Edit[]): string =>
  edits.toReversed().reduce((whole, { mend, start, end }) => whole.slice(0, start) + mend.new + whole.slice(end), text)
