import { Refusal } from './refusal.ts'

export interface Page<Item> {
  readonly items: readonly Item[]
  /** Asks for the page after this one; absent on the last. */
  readonly next?: string
}

/**
 * The `limit` items after the one the cursor stands for.
 * A cursor holds an id, not an offset: what is added meanwhile neither repeats nor hides an item.
 */
export function pageOf<Item extends { readonly id: string }>(
  items: readonly Item[],
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Page<Item> {
  const start = cursor ? after(items, cursor) : 0
  const page = items.slice(start, start + limit)
  const last = page.at(-1)
  const isLastPage = start + limit >= items.length
  return isLastPage || !last ? { items: page } : { items: page, next: Buffer.from(last.id).toString('base64url') }
}

function after(items: readonly { readonly id: string }[], cursor: string): number {
  const lastId = Buffer.from(cursor, 'base64url').toString()
  const index = items.findIndex(({ id }) => id === lastId)
  if (index < 0) throw new Refusal('INVALID_ARGUMENT', 'The cursor is not one from an earlier reply.')
  return index + 1
}

/** What AIP-158 asks of `page_size`: 0 means the default, and more than the most is the most. */
export function grpcPage({ pageSize = 0, pageToken }: { readonly pageSize?: number; readonly pageToken?: string }) {
  if (pageSize < 0) throw new Refusal('INVALID_ARGUMENT', 'page_size is negative.')
  return { limit: Math.min(pageSize || 20, 100), cursor: pageToken }
}
