import { isRawNumber, type Json } from '../../kernel/json.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Batched, BatchKey, Binding } from '../graph.ts'
import { dig, textOf } from '../template.ts'

/** The value a binding takes out of an answer; null where its path ends early. */
export const selected = (binding: Binding, answer: Json): unknown => {
  if (binding.select.length === 0 || answer === null) return answer
  return dig(answer, binding.select) ?? null
}

/** What a key that the service did not return comes to. */
export const missing = ({ batch, request }: Batched): unknown => {
  if (batch.missing === 'EMPTY') return []
  return batch.missing === 'NULL'
    ? null
    : new Problem('NOT_FOUND', 'There is nothing by that key.', {
        service: request.service,
        reason: 'MISSING_KEY',
      })
}

/** The values of a batch's answer by their key's text, wherever in the answer they stand. */
export const byKey = (binding: Batched, answer: Json): Map<string, unknown> | Problem => {
  const { batch, request } = binding
  const values = new Map<string, unknown>()
  if (answer === null) return values
  const items = selected(binding, answer)
  if (!Array.isArray(items))
    return new Problem('UNAVAILABLE', `Service ${request.service} answered without the list that was expected.`, {
      status: 502,
      service: request.service,
      reason: 'TYPE_MISMATCH',
    })
  const only = batch.keys.length === 1 ? batch.keys[0] : undefined
  for (const item of items as Json[]) {
    const text = only === undefined ? compositeText(batch.keys, item) : partText(item, only.match)
    if (text === undefined) continue
    const value = batch.items === undefined ? item : dig(item, batch.items)
    const known = values.get(text)
    if (batch.grouped && batch.items === undefined) {
      if (known === undefined) values.set(text, [value])
      else (known as unknown[]).push(value)
    } else {
      values.set(
        text,
        values.has(text)
          ? new Problem('UNAVAILABLE', `Service ${request.service} answered twice for one key.`, {
              status: 502,
              service: request.service,
              reason: 'DUPLICATE_KEY',
            })
          : value,
      )
    }
  }
  return values
}

const partText = (item: Json, path: readonly string[]): string | undefined => {
  const part = dig(item, path) as Json | undefined
  // No key is a list or an object, and text of one would cost what a service makes it.
  return part === undefined || part === null || (typeof part === 'object' && !isRawNumber(part))
    ? undefined
    : textOf(part)
}

/** The text of an item's key of several fields, as `keyText` makes it of the key; undefined where a part is missing. */
const compositeText = (keys: readonly BatchKey[], item: Json): string | undefined => {
  const parts = keys.map(({ match }) => partText(item, match))
  return parts.includes(undefined) ? undefined : JSON.stringify(parts)
}
