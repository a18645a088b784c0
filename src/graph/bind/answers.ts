import { type GraphQLOutputType, getNamedType, getNullableType, isListType, isObjectType } from 'graphql'
import protobuf from 'protobufjs'
import { directiveOf } from '../directives.ts'
import type { Binding, InlineSource } from '../graph.ts'
import { checkNamed, listMistake, type Walk } from './answer-types.ts'
import { neverEqual } from './check/key-types.ts'
import { type BindContext, report } from './context.ts'
import { follow, mendPath } from './message-path.ts'

const { Type } = protobuf
type Type = protobuf.Type

/** Sources that only the messages tell, by coordinate: of fields that stand for oneofs. */
export type Oneofs = ReadonlyMap<string, InlineSource>

/**
 * Holds what gRPC answers against what the schema says of them: fields exist, lists are lists, 64-bit integers
 * are not `Int`, enum spellings are known. Returns the oneof cases that unions stand for.
 */
export const checkAnswers = (context: BindContext): Oneofs => {
  const walk: Walk = { context, seen: new Set(), oneofs: new Map(), suppliers: new Map() }
  for (const binding of context.bindings)
    if (binding.request.kind === 'grpc') checkBinding(walk, binding, binding.request.method.responseType)
  return walk.oneofs
}

const checkBinding = (walk: Walk, binding: Binding, answer: Type): void => {
  if (binding.nothing) return
  const { context } = walk
  const { coordinate } = binding
  const [typeName = '', fieldName] = coordinate.split('.')
  const owner = context.schema.getType(typeName)
  if (!isObjectType(owner)) return
  const field = fieldName === undefined ? undefined : owner.getFields()[fieldName]
  const directive =
    field === undefined
      ? directiveOf('grpc', owner.astNode, ...owner.extensionASTNodes)
      : directiveOf('grpc', field.astNode)
  if (directive === undefined) return
  const { node, nodes } = directive
  const result: GraphQLOutputType = field === undefined ? owner : field.type
  const selected = follow(answer, binding.select)
  if ('why' in selected)
    return report(context, nodes['select'] ?? node, coordinate, {
      code: 'PORTICO-206',
      message: `\`select\`: ${selected.why}`,
      mend: mendPath(nodes['select'] ?? node, selected),
    })
  const { batch } = binding
  const isList = selected.field?.repeated === true
  if (batch === undefined) {
    if (isListType(getNullableType(result)) !== isList && getNamedType(result).name !== 'JSON')
      return report(context, nodes['select'] ?? node, coordinate, {
        code: 'PORTICO-304',
        message:
          field === undefined
            ? `${binding.select.join('.')} is a list, but a loader without \`batch\` takes one ${coordinate}.`
            : listMistake(coordinate, isList, binding.select.join('.') || answer.fullName.slice(1)),
      })
    return checkNamed(walk, { field, type: getNamedType(result), message: selected.type, node, coordinate })
  }
  if (!isList)
    return report(context, nodes['select'] ?? node, coordinate, {
      code: 'PORTICO-207',
      message: `A batch selects a list of items, but ${binding.select.join('.') || answer.name} is none.`,
    })
  if (!(selected.type instanceof Type))
    return report(context, node, coordinate, { code: 'PORTICO-207', message: 'A batch selects a list of messages.' })
  for (const key of batch.keys) {
    const match = follow(selected.type, key.match)
    if ('why' in match)
      return report(context, nodes['batch'] ?? node, coordinate, {
        code: 'PORTICO-208',
        message: `\`match\`: ${match.why}`,
        mend: mendPath(nodes['batch'] ?? node, match),
      })
    const unlike = neverEqual(owner, key, match)
    if (unlike !== undefined)
      return report(context, nodes['batch'] ?? node, coordinate, { code: 'PORTICO-208', message: unlike })
  }
  const items = follow(selected.type, batch.items ?? [])
  if ('why' in items)
    return report(context, nodes['batch'] ?? node, coordinate, {
      code: 'PORTICO-209',
      message: `\`items\`: ${items.why}`,
      mend: mendPath(nodes['batch'] ?? node, items),
    })
  const many = items.field?.repeated === true
  if (items.field !== undefined && many !== batch.grouped)
    return report(context, nodes['batch'] ?? node, coordinate, {
      code: 'PORTICO-209',
      message: `\`items\`: ${listMistake(coordinate, many, batch.items?.join('.') ?? '')}`,
    })
  return checkNamed(walk, { field, type: getNamedType(result), message: items.type, node, coordinate })
}
