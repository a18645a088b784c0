import { GraphQLError } from 'graphql'
import { Problem } from '../../kernel/problem.ts'
import type { ApqStore } from './apq-store.ts'
import { sha256, type TrustedDocuments } from './manifest.ts'
import type { GraphqlParameters } from './parameters.ts'

/** Which documents a BFF answers. */
export type DocumentsPlan = {
  /** Undefined where any document may be sent. */
  readonly trusted: TrustedDocuments | undefined
  readonly apq: boolean
}

/**
 * The text of the document that a request means. Throws Problem where it means none, or
 * none that is answered here, and GraphQLError for what Apollo's protocol has its own words for.
 */
export type FindDocument = (parameters: GraphqlParameters) => string | Promise<string>

/**
 * Documents by text, by `documentId` (GraphQL over HTTP, Persisted Documents) and by
 * `extensions.persistedQuery.sha256Hash` (Apollo). `open` lets other documents in beside the trusted ones.
 */
export const documentFinder = (
  { trusted, apq }: DocumentsPlan,
  { open, store }: { readonly open: boolean; readonly store: ApqStore | undefined },
): FindDocument => {
  const registered = apq ? store : undefined
  const others = trusted === undefined || open
  const isTrusted = (text: string): boolean => trusted !== undefined && trusted.has(sha256(text))
  return (parameters) => {
    const { query, documentId, hash } = parameters
    const id = documentId ?? hash
    if (id === undefined) {
      if (query === undefined) throw new Problem('INVALID_ARGUMENT', missing)
      if (others || isTrusted(query)) return query
      throw notTrusted()
    }
    const known = trusted?.get(bare(id))
    if (known !== undefined && (query === undefined || query === known)) return known
    if (query !== undefined && hash !== undefined && sha256(query) !== hash.toLowerCase())
      throw new Problem('INVALID_ARGUMENT', 'extensions.persistedQuery.sha256Hash is not the SHA-256 of query.')
    if (!others) throw notTrusted()
    if (hash === undefined) {
      if (query !== undefined) return query
      throw new Problem('NOT_FOUND', 'There is no document of this documentId.', { status: 400 })
    }
    if (registered === undefined) {
      if (query !== undefined) return query
      throw persistedQuery('PersistedQueryNotSupported', 'PERSISTED_QUERY_NOT_SUPPORTED')
    }
    return query === undefined ? lookUp(registered, hash) : keep(registered, hash, query)
  }
}

const missing = 'The parameter query is missing: it holds the GraphQL document.'

/** The draft writes `sha256:` before a hash; ids of other kinds stand as they are. */
const bare = (id: string): string => (/^sha256:[0-9a-f]{64}$/i.test(id) ? id.slice(7).toLowerCase() : id)

const notTrusted = (): Problem =>
  new Problem(
    'PERMISSION_DENIED',
    'Only documents known to this gateway are answered: send documentId or extensions.persistedQuery.sha256Hash of one.',
  )

/** A step of Apollo's protocol rather than a fault: clients know it by its message and by a code of its own. */
const persistedQuery = (message: string, code: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code } })

const lookUp = async (store: ApqStore, hash: string): Promise<string> => {
  const found = await store.get(hash.toLowerCase())
  // What is shared was written by a replica; it is checked all the same, for it decides what runs.
  if (found === undefined || sha256(found) !== hash.toLowerCase())
    throw persistedQuery('PersistedQueryNotFound', 'PERSISTED_QUERY_NOT_FOUND')
  return found
}

const keep = async (store: ApqStore, hash: string, query: string): Promise<string> => {
  await store.set(hash.toLowerCase(), query)
  return query
}
