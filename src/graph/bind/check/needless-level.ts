import { getNullableType, isListType, isObjectType } from 'graphql'
import type { Binding, Entity, Graph, Source } from '../../graph.ts'
import { needsOnly } from '../../plan/early.ts'
import { templatesOf } from '../../request.ts'
import { expressionsOf } from '../../template.ts'
import { type BindContext, warn } from '../context.ts'

/**
 * A query that gets an entity by a call of its own keeps waiting what needs no more than its key, which an argument
 * had given already: loaded, the entity and its children would be asked for at once.
 */
export const checkNeedlessLevels = (context: BindContext, graph: Graph): void => {
  const query = graph.schema.getQueryType()
  if (!query) return
  for (const field of Object.values(query.getFields())) {
    const coordinate = `${query.name}.${field.name}`
    const source = graph.fields.get(coordinate)?.source
    const type = getNullableType(field.type)
    if (source?.kind !== 'call' || !source.binding.safe || !isObjectType(type) || !field.astNode) continue
    const entity = graph.entities.get(type.name)
    const [key, ...others] = entity?.keys ?? []
    if (entity === undefined || key === undefined || others.length > 0 || !entity.binding.safe) continue
    const argument = givenKey(source.binding, entity, key.name)
    if (argument === undefined) continue
    if (field.args.some(({ name, type: given }) => name === argument && isListType(getNullableType(given)))) continue
    const waiting = Object.keys(type.getFields()).find((name) =>
      waits(graph.fields.get(`${type.name}.${name}`)?.source, key.name),
    )
    if (waiting !== undefined)
      warn(context, field.astNode, coordinate, {
        code: 'PORTICO-405',
        message: `${type.name}.${waiting} needs no more of ${type.name} than its key, which {args.${argument}} is, and yet waits for ${coordinate}. Let the field be @load(by: { ${key.name}: "{args.${argument}}" }), and both are asked for at once.`,
      })
  }
}

/** The argument that alone makes the request and is the key by its name: `id`, or `userId` of a User. */
const givenKey = ({ request }: Binding, { type, binding }: Entity, key: string): string | undefined => {
  if (request.service !== binding.request.service) return undefined
  const read = templatesOf(request).flatMap(expressionsOf)
  const [only] = read
  const [name = '', ...below] = only?.path ?? []
  if (read.length !== 1 || only?.root !== 'args' || only.pipes.length > 0 || below.length > 0) return undefined
  const named = `${type.charAt(0).toLowerCase()}${type.slice(1)}${key.charAt(0).toUpperCase()}${key.slice(1)}`
  return name === key || name === named ? name : undefined
}

/** Whether a field makes a safe call that reads the key of its parent, and nothing else of it. */
const waits = (source: Source | undefined, key: string): boolean => {
  if (source?.kind === 'load') return source.entity.binding.safe && source.by.length > 0 && needsOnly(source.by, key)
  if (source?.kind !== 'call' || !source.binding.safe) return false
  const { request, batch } = source.binding
  const templates = templatesOf(request)
  const reads = templates.flatMap(expressionsOf).some(({ root }) => root === 'this' || root === 'keys')
  return reads && needsOnly(templates, key) && (batch === undefined || batch.keys.every(({ name }) => name === key))
}
