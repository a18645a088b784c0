import { Refusal } from './refusal.ts'

/**
 * What `find` knows about the ids, each once, unknown ones absent.
 * Reversed on purpose: a caller that matches by position instead of by key must notice.
 */
export function findBatch<Item>(
  ids: readonly string[],
  max: number,
  find: (id: string) => Item | undefined,
): readonly Item[] {
  if (ids.length > max) throw new Refusal('INVALID_ARGUMENT', `At most ${max} ids at once, not ${ids.length}.`)
  return [...new Set(ids)].toReversed().flatMap((id) => find(id) ?? [])
}
