import {
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from 'graphql'
import type { Binding } from '../../routes/transcode/binding.ts'
import type { Plan } from '../plan.ts'
import type { Appearance } from './appearance.ts'

/** Requests to try a service with: as REST and as GraphQL, each where it is served so. */
export type Examples = {
  /** A path, and the JSON body where one is sent. */
  readonly rest: { readonly verb: string; readonly path: string; readonly body: string | undefined } | undefined
  readonly graphql: { readonly address: string; readonly query: string } | undefined
}

/** The simplest requests there are: reading before changing, the fewest words in the path, no arguments before some. */
export const examplesOf = (service: string, plan: Plan, { graphql }: Appearance): Examples => {
  const bindings = plan.routes.flatMap(({ served }) => (served.kind === 'transcode' ? served.bindings : []))
  const bff = graphql.find((one) => one.bff !== undefined && one.fields.length > 0)
  const found = plan.bffs.find(({ served }) => served.name === bff?.bff?.name && served.graphql)
  const query = found === undefined ? undefined : queryOf(found.served.graph.clientSchema, bff?.fields ?? [])
  return {
    rest: restOf(bindings.filter((binding) => binding.service === service)),
    graphql: query === undefined || bff?.bff === undefined ? undefined : { address: bff.bff.address, query },
  }
}

const restOf = (bindings: readonly Binding[]): Examples['rest'] => {
  const cost = ({ verb, template, method }: Binding): number =>
    (verb === 'GET' ? 0 : 100) + (method.requestStream || method.responseStream ? 50 : 0) + template.variables.length
  const [simplest] = bindings.filter(({ method }) => !method.requestStream).sort((a, b) => cost(a) - cost(b))
  if (simplest === undefined) return undefined
  const { verb, pattern, template } = simplest
  const before = pattern.slice(0, pattern.length - template.text.length)
  const segments = template.segments.map((segment) => (segment.kind === 'literal' ? segment.text : '1'))
  const path = `${before}/${segments.join('/')}${template.verb === '' ? '' : `:${template.verb}`}`
  return { verb: verb === '*' ? 'POST' : verb, path, body: verb === 'GET' || verb === 'DELETE' ? undefined : '{}' }
}

type Field = GraphQLField<unknown, unknown>

const queryOf = (schema: GraphQLSchema, fields: Appearance['graphql'][number]['fields']): string | undefined => {
  const all = schema.getQueryType()?.getFields() ?? {}
  const texts = fields
    .filter(({ kind }) => kind === 'query')
    .flatMap(({ field }) => all[field] ?? [])
    // What gets one thing needs to know which, whether its proto says so or not.
    .map((field) => ({
      text: fieldText(field, 3),
      needs: field.args.filter(isRequiredArgument).length + (/^get/i.test(field.name) ? 1 : 0),
    }))
    .sort((a, b) => a.needs - b.needs)
  const text = texts.find((one) => one.text !== undefined)?.text
  return text === undefined ? undefined : `{ ${text} }`
}

/** A field with what it must be given and a few of its leaves; undefined where either is not simple. */
const fieldText = (field: Field, depth: number): string | undefined => {
  const needed = field.args.filter(isRequiredArgument).map(({ name, type }) => {
    const named = getNamedType(type)
    if (!isLeafType(named)) return undefined
    const sample = isEnumType(named) ? named.getValues()[0]?.name : named.name === 'Boolean' ? 'true' : undefined
    return `${name}: ${sample ?? (named.name === 'Int' || named.name === 'Float' ? '1' : '"1"')}`
  })
  if (needed.includes(undefined)) return undefined
  const head = needed.length === 0 ? field.name : `${field.name}(${needed.join(', ')})`
  const type = getNamedType(field.type)
  if (isLeafType(type)) return head
  if (!isObjectType(type) || depth === 0) return undefined
  const inner = Object.values(type.getFields())
  const leaves = inner.filter((one) => isLeafType(getNamedType(one.type)) && !one.args.some(isRequiredArgument))
  const objects = inner.filter((one) => isObjectType(getNamedType(one.type)))
  const nested = objects.map((one) => fieldText(one, depth - 1)).find((text) => text !== undefined)
  const shown = nested !== undefined && depth === 3 ? [nested] : leaves.slice(0, 3).map(({ name }) => name)
  const selected = shown.length > 0 ? shown : nested === undefined ? [] : [nested]
  return selected.length === 0 ? undefined : `${head} { ${selected.join(' ')} }`
}
