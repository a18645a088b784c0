import type { JsonLimits } from '../../kernel/json-mistake.ts'
import { parseRequestJson } from '../../kernel/json-request.ts'
import { isObject } from './parameters.ts'

/** A message of a WebSocket, digits kept; undefined for what is no JSON object, or one that may be read in two ways. */
export const messageOf = (text: string, limits: JsonLimits): Readonly<Record<string, unknown>> | undefined => {
  try {
    const message = parseRequestJson(text, limits)
    return isObject(message) ? message : undefined
  } catch {
    return undefined
  }
}

/** How mercurius' messages of a subscription begin. */
const numbered = /^\{"type":"(next|complete|error)","id":"(\d+)"/

/** A message that mercurius sends for the subscription it knows by a number; `rest` is all that follows the id. Undefined for others. */
export const numberedMessage = (
  data: unknown,
): { readonly type: string; readonly number: string; readonly rest: string } | undefined => {
  if (typeof data !== 'string') return undefined
  const [head = '', type, number] = numbered.exec(data) ?? []
  return type === undefined || number === undefined ? undefined : { type, number, rest: data.slice(head.length) }
}
