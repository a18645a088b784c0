import type { JsonSchema } from '../kernel/openapi.ts'

/** A way in which values of one side may not be understood by the other. */
export type Break = {
  /** Where, as `me.orders[].id`; empty for the whole. */
  readonly path: string
  /** What became of it: `may be null now; it was string`. */
  readonly what: string
  /** Whether a careful client gets along with it. */
  readonly mild: boolean
}

/** Schemas with what their references lead to. */
export type Side = { readonly schema: JsonSchema; readonly components: Readonly<Record<string, JsonSchema>> }

export type Comparison = { readonly old: Side; readonly now: Side }

/** Requests that were understood and are no longer. */
export const requestBreaks = ({ old, now }: Comparison): readonly Break[] => compare(old, now, 'request')

/** Answers that come now and were not to be expected. */
export const answerBreaks = ({ old, now }: Comparison): readonly Break[] => compare(now, old, 'answer')

/** What is sent: requests as they were, answers as they are now. */
type Direction = 'request' | 'answer'

type Walk = {
  readonly from: Side['components']
  readonly to: Side['components']
  readonly direction: Direction
  /** Pairs of references on the way here: what holds itself ends there. */
  readonly seen: ReadonlySet<string>
}

const compare = (sent: Side, read: Side, direction: Direction): readonly Break[] => {
  const walk = { from: sent.components, to: read.components, direction, seen: new Set<string>() }
  return misfits(sent.schema, read.schema, { walk, path: '' })
}

type At = { readonly walk: Walk; readonly path: string }

/** Why some value of `sent` is none of `read`. */
const misfits = (sent: JsonSchema, read: JsonSchema, { walk, path }: At): readonly Break[] => {
  const pair = `${String(sent['$ref'])} ${String(read['$ref'])}`
  const known = sent['$ref'] !== undefined && read['$ref'] !== undefined
  if (known && walk.seen.has(pair)) return []
  const at = { walk: known ? { ...walk, seen: new Set([...walk.seen, pair]) } : walk, path }
  const readable = alternatives(read, walk.to)
  return alternatives(sent, walk.from).flatMap((one) => {
    const tried = readable.filter((other) => isLike(one, other)).map((other) => ofAlternative(one, other, at))
    const best = tried.sort((a, b) => a.length - b.length)[0]
    return best ?? [typeBreak(one, read, at)]
  })
}

/** What a value may be, each of one type; one that says nothing for anything. */
const alternatives = (schema: JsonSchema, components: Side['components']): readonly JsonSchema[] => {
  const { $ref, anyOf, type } = schema
  if (typeof $ref === 'string') {
    const target = components[$ref.slice($ref.lastIndexOf('/') + 1)]
    return target === undefined ? [{}] : alternatives(target, components)
  }
  if (Array.isArray(anyOf)) return anyOf.flatMap((one) => alternatives(one as JsonSchema, components))
  return Array.isArray(type) ? type.map((one) => ({ ...schema, type: one as unknown })) : [schema]
}

const isLike = (sent: JsonSchema, read: JsonSchema): boolean =>
  read['type'] === undefined ||
  sent['type'] === read['type'] ||
  (sent['type'] === 'integer' && read['type'] === 'number')

const typeBreak = (sent: JsonSchema, read: JsonSchema, { walk, path }: At): Break => {
  const other = alternatives(read, walk.to).map(nameOf).join(' or ')
  const what =
    walk.direction === 'request'
      ? `no longer takes ${nameOf(sent)}; now it is ${other}`
      : `may be ${nameOf(sent)} now; it was ${other}`
  return { path, what, mild: false }
}

const nameOf = (schema: JsonSchema): string => {
  const { type, format } = schema as { readonly type?: string; readonly format?: string }
  if (type === undefined) return 'anything'
  return format === undefined || type === 'null' ? type : `${type} (${format})`
}

const ofAlternative = (sent: JsonSchema, read: JsonSchema, at: At): readonly Break[] => {
  if (read['type'] === undefined) return []
  if (read['type'] === 'object') return ofObject(sent, read, at)
  if (read['type'] === 'array')
    return misfits(schemaIn(sent, 'items'), schemaIn(read, 'items'), { ...at, path: `${at.path}[]` })
  const values = ofValues(sent, read, at)
  if (values !== undefined) return values
  const narrower = ['format', 'pattern', 'contentEncoding', 'contentMediaType'].some(
    (keyword) => read[keyword] !== undefined && read[keyword] !== sent[keyword],
  )
  const outside =
    beyond(read['minimum'], sent['minimum'], (most, own) => own < most) ||
    beyond(read['maximum'], sent['maximum'], (most, own) => own > most)
  const isWider = read['type'] === 'number' && sent['type'] === 'integer'
  return (narrower && !isWider) || outside ? [typeBreak(sent, read, at)] : []
}

const beyond = (limit: unknown, own: unknown, isBeyond: (limit: number, own: number) => boolean): boolean =>
  typeof limit === 'number' && (typeof own !== 'number' || isBeyond(limit, own))

/** Of values that are listed; undefined where any value of the type may be read. */
const ofValues = (sent: JsonSchema, read: JsonSchema, { walk, path }: At): readonly Break[] | undefined => {
  const [own, taken] = [valuesOf(sent), valuesOf(read)]
  if (taken === undefined) return undefined
  if (own === undefined) {
    const [before, after] =
      walk.direction === 'request' ? ['any text', taken.join(', ')] : [taken.join(', '), 'any text']
    return [{ path, what: `was ${before}; now it is ${after}`, mild: false }]
  }
  const more = own.filter((value) => !taken.includes(value))
  if (more.length === 0) return []
  if (walk.direction === 'request') return [{ path, what: `no longer takes ${more.join(', ')}`, mild: false }]
  return [{ path, what: `may be ${more.join(', ')} now; it was ${taken.join(', ')}`, mild: true }]
}

const valuesOf = ({ enum: values, const: only }: JsonSchema): readonly unknown[] | undefined =>
  only === undefined ? (values as readonly unknown[] | undefined) : [only]

const ofObject = (sent: JsonSchema, read: JsonSchema, { walk, path }: At): readonly Break[] => {
  const [own, taken] = [propertiesOf(sent), propertiesOf(read)]
  const [always, needed] = [requiredOf(sent), requiredOf(read)]
  const isRequest = walk.direction === 'request'
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const gone = isRequest
    ? read['additionalProperties'] === false
      ? Object.keys(own).filter((name) => taken[name] === undefined)
      : []
    : Object.keys(taken).filter((name) => own[name] === undefined)
  return [
    ...gone.map((name) => ({ path: at(name), what: isRequest ? 'is no longer taken' : 'is gone', mild: false })),
    ...[...needed]
      .filter((name) => !always.has(name) && !gone.includes(name))
      .map((name) => ({ path: at(name), what: isRequest ? 'is required now' : 'may be absent now', mild: false })),
    ...Object.entries(own).flatMap(([name, schema]) => {
      const other = taken[name]
      return other === undefined ? [] : misfits(schema, other, { walk, path: at(name) })
    }),
  ]
}

const schemaIn = (schema: JsonSchema, keyword: string): JsonSchema => (schema[keyword] ?? {}) as JsonSchema

const propertiesOf = (schema: JsonSchema): Readonly<Record<string, JsonSchema>> =>
  schemaIn(schema, 'properties') as Readonly<Record<string, JsonSchema>>

const requiredOf = ({ required }: JsonSchema): ReadonlySet<string> => new Set(required as readonly string[] | undefined)
