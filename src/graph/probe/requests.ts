import { type GraphQLField, type GraphQLObjectType, isObjectType } from 'graphql'
import type { Json } from '../../kernel/json.ts'
import { asProblem } from '../../kernel/problem.ts'
import { isKey, keyIn, keyTemplates } from '../execute/keys.ts'
import { type Binding, type Graph, isBatched, type LoadSource } from '../graph.ts'
import { type RenderedRequest, renderRequest, templatesOf } from '../request.ts'
import { expressionsOf, noCall, type Scope } from '../template.ts'
import { type Samples, sampleArguments } from './samples.ts'
import type { Shapes } from './shapes.ts'

/** The type, and the field where it is one, of a coordinate that a graph has. */
export const ownerOf = (
  { schema }: Graph,
  coordinate: string,
): { readonly type: GraphQLObjectType; readonly field: GraphQLField<unknown, unknown> | undefined } => {
  const [typeName = '', fieldName] = coordinate.split('.')
  const type = schema.getType(typeName)
  if (!isObjectType(type)) throw new Error(`${coordinate} is bound, and there is no such type.`)
  return { type, field: fieldName === undefined ? undefined : type.getFields()[fieldName] }
}

export type Sampled = {
  readonly shapes: Shapes
  readonly options: { readonly samples: Samples; readonly headers: Readonly<Record<string, string>> }
  readonly sampled: Parameters<typeof sampleArguments>[2]
  readonly args: Scope['args']
}

/** What placeholders read: the first object of the type that has a key to ask with, or one made of samples. */
export const scopeOf = (graph: Graph, binding: Binding, { shapes, options, sampled, args }: Sampled): Scope => {
  const { samples, headers } = options
  const [typeName = '', fieldName] = binding.coordinate.split('.')
  const plain = { args, parent: undefined, claims: undefined, header: (name: string) => headers[name.toLowerCase()] }
  const parents = [...shapes.objectsOf(typeName), sampleParent(graph, typeName, samples)]
  const fields = binding.batch?.keys ?? graph.entities.get(typeName)?.keys ?? []
  const wanted = fieldName === undefined ? fields : (binding.batch?.keys ?? [])
  for (const parent of parents) {
    const scope: Scope = { ...plain, parent }
    if (wanted.length === 0) {
      if (typeof render(binding, scope) !== 'string') return scope
      continue
    }
    const key = keyIn(keyTemplates(wanted), wanted, scope)
    if (isKey(key)) return { ...scope, keys: isBatched(binding) ? [key] : key }
  }
  if (fieldName === undefined)
    for (const key of loadedKeys(graph, typeName, { shapes, sampled, scope: plain }))
      return { ...plain, keys: isBatched(binding) ? [key] : key }
  return plain
}

/** An object of the values that samples give to the fields of a type. */
const sampleParent = (graph: Graph, typeName: string, samples: Samples): object => {
  const parent: Record<string, Json> = {}
  for (const [coordinate, value] of Object.entries(samples)) {
    const source = graph.fields.get(coordinate)?.source
    const [name = ''] = source?.kind === 'read' && source.path.length === 1 ? source.path : []
    if (coordinate.startsWith(`${typeName}.`) && name !== '') parent[name] = value
  }
  return parent
}

/** Keys by which fields would load an entity: out of answered objects, or out of arguments. */
const loadedKeys = (graph: Graph, type: string, { shapes, sampled, scope }: Loading): readonly Json[] =>
  [...graph.fields].flatMap(([coordinate, { source }]) => {
    if (source.kind !== 'load' || source.entity.type !== type) return []
    const { type: owner, field } = ownerOf(graph, coordinate)
    const { values: args } = sampleArguments(coordinate, field, sampled)
    return [...shapes.objectsOf(owner.name), undefined].flatMap((parent) => keysOf(source, { ...scope, args, parent }))
  })

type Loading = { readonly shapes: Shapes; readonly sampled: Sampled['sampled']; readonly scope: Scope }

const keysOf = ({ by, entity }: LoadSource, scope: Scope): readonly Json[] => {
  const key = keyIn(by, entity.keys, scope)
  if (!isKey(key)) return []
  return Array.isArray(key) ? (key as readonly Json[]).slice(0, 1) : [key]
}

/** The request, or why there is none. */
export const render = (binding: Binding, scope: Scope): RenderedRequest | string => {
  const read = templatesOf(binding.request).flatMap(expressionsOf)
  if (read.some(({ root }) => root === 'keys') && scope.keys === undefined)
    return `no answer held a key of ${binding.coordinate.split('.')[0]}; give one by --sample, such as "${binding.coordinate.split('.')[0]}.id".`
  try {
    const rendered = renderRequest(binding.request, scope)
    if (rendered !== noCall) return rendered
    const parental = read.find(({ root }) => root === 'this')
    return `no answer held what {${parental?.text ?? 'this'}} reads; give it by --sample.`
  } catch (error) {
    const needed = read.find(({ root }) => root === 'claims' || root === 'header')
    return needed === undefined ? asProblem(error).message : `{${needed.text}} is told by a caller; there is none.`
  }
}
