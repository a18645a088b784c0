import type { Type } from 'protobufjs'
import type { Json } from '../../kernel/json.ts'
import { Problem } from '../../kernel/problem.ts'
import { appendField, type FieldPath, type JsonObject, resolveFieldPath, setField } from './fields.ts'
import { quoted, type TextValue, textValue } from './values.ts'

/** Puts the parameters of a query (without its `?`) into a request. Throws Problem INVALID_ARGUMENT. */
export type ReadQuery = (into: JsonObject, query: string) => void

export type QueryFields = {
  readonly type: Type
  /** Fields that path or body set, in JSON names: they and all below them are no parameters. */
  readonly taken: readonly string[]
  readonly unknownFields: 'refuse' | 'ignore'
}

/** One parameter that a query may have. */
type Parameter = { readonly path: FieldPath; readonly value: TextValue }

/** Messages may hold themselves, so their paths are without end: those that clients use are kept, up to this. */
const mostKept = 1_024

/**
 * Reads queries by dotted field paths at any depth, in JSON or proto names. A name is looked up once. Repeated
 * fields take every value, other fields one.
 */
export const queryReader = ({ type, taken, unknownFields }: QueryFields): ReadQuery => {
  const known = new Map<string, Parameter>()
  const parameterOf = (name: string): Parameter | undefined => {
    const kept = known.get(name)
    if (kept !== undefined) return kept
    const found = findParameter(type, name, taken)
    if (found === undefined) return undefined
    if (known.size < mostKept) known.set(name, found)
    return found
  }
  return (into, query) => {
    const given = new Set<string>()
    for (const pair of query.split('&')) {
      if (pair === '') continue
      const mark = pair.indexOf('=')
      const name = decoded(mark < 0 ? pair : pair.slice(0, mark))
      const parameter = parameterOf(name)
      if (parameter === undefined) {
        if (unknownFields === 'ignore') continue
        throw new Problem('INVALID_ARGUMENT', `There is no query parameter ${quoted(name)}.`)
      }
      const { path, value } = parameter
      const json: Json = value(mark < 0 ? '' : decoded(pair.slice(mark + 1)))
      if (path.field.repeated) appendField(into, path, json)
      else {
        if (given.has(path.name))
          throw new Problem('INVALID_ARGUMENT', `The query parameter ${quoted(name)} is given twice.`)
        given.add(path.name)
        setField(into, path, json)
      }
    }
  }
}

/** Queries of requests whose body is the whole message: nothing is left for them (google/api/http.proto, rule 2). */
export const refuseQuery =
  (unknownFields: 'refuse' | 'ignore'): ReadQuery =>
  (_into, query) => {
    const first = query.split('&').find((pair) => pair !== '')
    if (first === undefined || unknownFields === 'ignore') return
    const name = decoded(first.split('=', 1)[0] ?? '')
    throw new Problem('INVALID_ARGUMENT', `There is no query parameter ${quoted(name)}: the body holds all fields.`)
  }

const findParameter = (type: Type, name: string, taken: readonly string[]): Parameter | undefined => {
  const path = resolveFieldPath(type, name)
  if (!('steps' in path)) return undefined
  if (taken.some((other) => path.name === other || path.name.startsWith(`${other}.`)))
    throw new Problem('INVALID_ARGUMENT', `${path.name}: path or body set this, so the query may not.`)
  const value = textValue(path.field)
  if (value === undefined || (path.field.repeated && path.field.map))
    throw new Problem('INVALID_ARGUMENT', `${path.name}: a query cannot hold this, only fields of it that are values.`)
  return { path, value }
}

const decoded = (text: string): string => {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch (cause) {
    throw new Problem('INVALID_ARGUMENT', 'The query is not well-formed: an escape in it is broken.', { cause })
  }
}
