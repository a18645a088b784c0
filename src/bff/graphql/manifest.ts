import { createHash } from 'node:crypto'
import type { Diagnostic, Place } from '../../kernel/diagnostic.ts'
import { startOf } from '../../kernel/diagnostic.ts'

/** Documents a BFF answers, by every id a client may name them by. */
export type TrustedDocuments = ReadonlyMap<string, string>

type File = { readonly file: string; readonly text: string }
type Entry = { readonly id: string; readonly text: string }

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/**
 * The documents of manifests and `.graphql` files. A manifest is Apollo's (`format:
 * apollo-persisted-query-manifest`, `operations: [{ id, body }]`) or one JSON object of ids and documents, as the
 * Relay compiler and GraphQL Codegen write it. A document also goes by the SHA-256 of its text, so that who sends
 * the whole text of a trusted document is answered.
 */
export const readTrusted = (
  files: readonly File[],
): { readonly documents: TrustedDocuments; readonly diagnostics: readonly Diagnostic[] } => {
  const documents = new Map<string, string>()
  const diagnostics: Diagnostic[] = []
  const wrong = ({ file, text }: File, message: string): void => {
    const place: Place = startOf(file, text)
    diagnostics.push({ severity: 'error', code: 'PORTICO-019', place, coordinate: 'documents.trusted', message })
  }
  for (const file of files) {
    const entries = file.file.endsWith('.json') ? manifestEntries(file.text) : fileEntry(file.text)
    if (typeof entries === 'string') {
      wrong(file, entries)
      continue
    }
    for (const { id, text } of entries) {
      const other = documents.get(id)
      if (other !== undefined && other !== text) wrong(file, `The id ${id} stands for two different documents.`)
      documents.set(id, text)
      documents.set(sha256(text), text)
    }
  }
  return { documents, diagnostics }
}

const fileEntry = (text: string): readonly Entry[] => [{ id: sha256(text), text }]

const forms =
  'A manifest is an object of ids and documents, or has format "apollo-persisted-query-manifest" and a list of operations.'

/** The entries of a JSON manifest, or what is wrong with it. */
const manifestEntries = (json: string): readonly Entry[] | string => {
  let manifest: unknown
  try {
    manifest = JSON.parse(json)
  } catch {
    return 'This is not valid JSON.'
  }
  if (!isObject(manifest)) return forms
  const { format, operations } = manifest
  const pairs: readonly (readonly [unknown, unknown])[] =
    format === 'apollo-persisted-query-manifest' && Array.isArray(operations)
      ? operations.map((one: unknown) => (isObject(one) ? [one['id'], one['body']] : [undefined, undefined]))
      : Object.entries(manifest)
  const entries: Entry[] = []
  for (const [id, text] of pairs) {
    if (typeof id !== 'string' || id === '' || typeof text !== 'string') return forms
    entries.push({ id, text })
  }
  return entries
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
