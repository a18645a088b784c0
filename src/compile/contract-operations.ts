import type { ApiParameter, JsonSchema } from '../kernel/openapi.ts'
import { answerBreaks, type Break, type Comparison, requestBreaks, type Side } from './contract-schemas.ts'

/** A document as far as clients rely on it: ours, or a file that was one. */
export type Contract = {
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, ContractOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

export type ContractOperation = {
  readonly operationId: string
  readonly parameters?: readonly ApiParameter[] | undefined
  readonly requestBody?: { readonly required?: boolean; readonly content: Content } | undefined
  readonly responses: Readonly<Record<string, { readonly content?: Content | undefined }>>
  readonly security?: readonly Readonly<Record<string, unknown>>[] | undefined
}

type Content = Readonly<Record<string, { readonly schema?: JsonSchema | undefined }>>

/** One change of an operation, with what it concerns: `answer: me.name is gone`. */
export type Change = { readonly what: string; readonly mild: boolean }

/** `GET /m/orders/{}`, by which an operation is the same whatever its variables are called. */
export const addressesOf = (contract: Contract): ReadonlyMap<string, ContractOperation & { readonly path: string }> => {
  const prefix = contract.servers[0]?.url.replace(/\/$/, '') ?? ''
  return new Map(
    Object.entries(contract.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [
        `${method.toUpperCase()} ${prefix}${path.replaceAll(/\{[^}]*\}/g, '{}')}`,
        { ...operation, path },
      ]),
    ),
  )
}

type Documents = { readonly old: Contract; readonly now: Contract }

/** What of an operation breaks clients that were made for the old one. */
export const changesOf = (old: ContractOperation, now: ContractOperation, documents: Documents): readonly Change[] => [
  ...parameterChanges(old, now, documents),
  ...bodyChanges(old, now, documents),
  ...answerChanges(old, now, documents),
  ...tokenChanges(old, now),
]

const plain = (what: string): Change => ({ what, mild: false })

const told = (where: string, breaks: readonly Break[]): readonly Change[] =>
  breaks.map(({ path, what, mild }) => ({ what: `${where}${path === '' ? '' : `: ${path}`} ${what}`, mild }))

const sides = (old: JsonSchema, now: JsonSchema, documents: Documents): Comparison => {
  const side = (schema: JsonSchema, { components }: Contract): Side => ({ schema, components: components.schemas })
  return { old: side(old, documents.old), now: side(now, documents.now) }
}

const parameterChanges = (old: ContractOperation, now: ContractOperation, documents: Documents): readonly Change[] => {
  const before = keyed(old.parameters)
  const after = keyed(now.parameters)
  const gone = [...before].flatMap(([key, { name }]) =>
    after.has(key) ? [] : [plain(`the parameter ${name} is no longer taken`)],
  )
  return [
    ...gone,
    ...[...after].flatMap(([key, parameter]) => {
      const known = before.get(key)
      const required =
        parameter.required && known?.required !== true ? [plain(`the parameter ${parameter.name} is required now`)] : []
      if (known === undefined) return required
      const breaks = requestBreaks(sides(known.schema, parameter.schema, documents))
      return [...required, ...told(`the parameter ${parameter.name}`, breaks)]
    }),
  ]
}

/** Those of a path by their place in it. */
const keyed = (parameters: readonly ApiParameter[] = []): ReadonlyMap<string, ApiParameter> => {
  const inPath = parameters.filter((one) => one.in === 'path')
  return new Map(
    parameters.map((one) => [one.in === 'path' ? `path ${inPath.indexOf(one)}` : `query ${one.name}`, one]),
  )
}

const bodyChanges = (old: ContractOperation, now: ContractOperation, documents: Documents): readonly Change[] => {
  const [before, after] = [old.requestBody, now.requestBody]
  if (after === undefined) return before === undefined ? [] : [plain('the body is no longer taken')]
  const required = after.required === true && before?.required !== true ? [plain('the body is required now')] : []
  if (before === undefined) return required
  return [
    ...required,
    ...contentChanges(before.content, after.content, (a, b) => told('the body', requestBreaks(sides(a, b, documents)))),
  ]
}

const answerChanges = (old: ContractOperation, now: ContractOperation, documents: Documents): readonly Change[] => {
  const success = ({ responses }: ContractOperation) =>
    Object.entries(responses).find(([status]) => status.startsWith('2')) ?? ['none', {}]
  const [[status, before], [newStatus, after]] = [success(old), success(now)]
  return [
    ...(status === newStatus ? [] : [plain(`the status was ${status}; now it is ${newStatus}`)]),
    ...contentChanges(before.content ?? {}, after.content ?? {}, (a, b) =>
      told('the answer', answerBreaks(sides(a, b, documents))),
    ),
  ]
}

const contentChanges = (
  before: Content,
  after: Content,
  compare: (old: JsonSchema, now: JsonSchema) => readonly Change[],
): readonly Change[] =>
  Object.entries(before).flatMap(([type, { schema = {} }]) => {
    const other = after[type]
    if (other === undefined) return [plain(`${type} became ${Object.keys(after).join(', ') || 'nothing'}`)]
    return compare(eventOf(schema), eventOf(other.schema ?? {}))
  })

/** What the data of an event holds, where a stream is described. */
const eventOf = (schema: JsonSchema): JsonSchema => (schema['contentSchema'] ?? schema) as JsonSchema

/** Each requirement is one way in; an empty one, and none at all, let everybody in. */
const tokenChanges = (old: ContractOperation, now: ContractOperation): readonly Change[] => {
  const ways = ({ security = [{}] }: ContractOperation) => security.map((way) => Object.keys(way).join(' and '))
  const [before, after] = [ways(old), ways(now)]
  return before
    .filter((way) => !after.includes(way) && !after.includes(''))
    .map((way) => plain(`${way === '' ? 'requests without a token' : `tokens of ${way}`} no longer get in`))
}
