import {
  type ASTNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isObjectType,
  isScalarType,
  isUnionType,
} from 'graphql'
import protobuf, { type Field as MessageField } from 'protobufjs'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { fieldOf, jsonNames } from '../../services/grpc/json/fields.ts'
import { directiveOf } from '../directives.ts'
import type { Binding, OneofCase } from '../graph.ts'
import { type BindContext, readPathOf, report, warn } from './context.ts'
import { builtIn, nameOf, type ProtoType, scalarsFor } from './proto-scalars.ts'
import { spellingsOf } from './templates.ts'

const { Enum, MapField, Type } = protobuf
type Type = protobuf.Type
type Enum = protobuf.Enum

/** The cases of each oneof field, by coordinate. */
export type Oneofs = ReadonlyMap<string, readonly OneofCase[]>

type Walk = {
  readonly context: BindContext
  readonly seen: Set<string>
  readonly oneofs: Map<string, readonly OneofCase[]>
}

/**
 * Holds what gRPC answers against what the schema says of them: fields exist, lists are lists, 64-bit integers
 * are not `Int`, enum spellings are known. Returns the oneof cases that unions stand for.
 */
export const checkAnswers = (context: BindContext): Oneofs => {
  const walk: Walk = { context, seen: new Set(), oneofs: new Map() }
  for (const binding of context.bindings)
    if (binding.request.kind === 'grpc') checkBinding(walk, binding, binding.request.method.responseType)
  return walk.oneofs
}

const checkBinding = (walk: Walk, binding: Binding, answer: Type): void => {
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
  if (typeof selected === 'string')
    return report(context, nodes['select'] ?? node, coordinate, `\`select\`: ${selected}`)
  const { batch } = binding
  const isList = selected.field?.repeated === true
  if (batch === undefined) {
    if (isListType(getNullableType(result)) !== isList && getNamedType(result).name !== 'JSON')
      return report(
        context,
        nodes['select'] ?? node,
        coordinate,
        field === undefined
          ? `${binding.select.join('.')} is a list, but a loader without \`batch\` takes one ${coordinate}.`
          : listMistake(coordinate, isList, binding.select.join('.') || answer.fullName.slice(1)),
      )
    return checkNamed(walk, { field, type: getNamedType(result), message: selected.type, node, coordinate })
  }
  if (!isList)
    return report(
      context,
      nodes['select'] ?? node,
      coordinate,
      `A batch selects a list of items, but ${binding.select.join('.') || answer.name} is none.`,
    )
  if (!(selected.type instanceof Type)) return report(context, node, coordinate, 'A batch selects a list of messages.')
  const match = follow(selected.type, batch.match)
  if (typeof match === 'string') return report(context, nodes['batch'] ?? node, coordinate, `\`match\`: ${match}`)
  const items = follow(selected.type, batch.items ?? [])
  if (typeof items === 'string') return report(context, nodes['batch'] ?? node, coordinate, `\`items\`: ${items}`)
  const many = items.field?.repeated === true
  if (items.field !== undefined && many !== batch.grouped)
    return report(
      context,
      nodes['batch'] ?? node,
      coordinate,
      `\`items\`: ${listMistake(coordinate, many, batch.items?.join('.') ?? '')}`,
    )
  return checkNamed(walk, { field, type: getNamedType(result), message: items.type, node, coordinate })
}

type Found = { readonly type: ProtoType; readonly field: MessageField | undefined }

/** What stands at a path of a message, or a sentence on where it ends. */
const follow = (message: Type, path: readonly string[]): Found | string => {
  let at: Found = { type: message, field: undefined }
  for (const name of path) {
    if (!(at.type instanceof Type)) return `${path.join('.')} goes below ${at.field?.name}, which is no message.`
    const field = fieldOf(at.type, name)
    if (field === undefined)
      return `${at.type.fullName.slice(1)} has no field ${name}.${didYouMean(name, jsonNames(at.type))}`
    at = { type: field.resolvedType ?? field.type, field }
  }
  return at
}

type Checked = {
  readonly field: GraphQLField<unknown, unknown> | undefined
  readonly type: ReturnType<typeof getNamedType>
  readonly message: ProtoType
  readonly node: ASTNode
  readonly coordinate: string
}

const checkNamed = (walk: Walk, { type, message, node, coordinate }: Checked): undefined => {
  const { context } = walk
  if (isObjectType(type)) {
    if (!(message instanceof Type))
      return report(
        context,
        node,
        coordinate,
        `${coordinate} is an object, but the service answers ${nameOf(message)}.`,
      )
    return checkObject(walk, type, message)
  }
  if (isEnumType(type)) {
    if (!(message instanceof Enum))
      return message === 'string'
        ? undefined
        : report(context, node, coordinate, `${coordinate} is an enum, but the service answers ${nameOf(message)}.`)
    const spelt = new Set(type.getValues().flatMap(spellingsOf))
    const missing = Object.entries(message.values).filter(([name, number]) => !spelt.has(name) && number !== 0)
    if (missing.length > 0 && !spelt.has('*'))
      warn(
        context,
        node,
        coordinate,
        `${type.name} has no value for ${missing.map(([name]) => name).join(', ')} of ${message.name}, so such an answer is an error; map it by @from(enum: ["…"]), or "*" for all others.`,
      )
    return undefined
  }
  if (!isScalarType(type)) return undefined
  const fitting = scalarsFor(message)
  return fitting.includes(type.name) || (fitting.length === 0 && type.name === 'JSON') || !builtIn.has(type.name)
    ? undefined
    : report(
        context,
        node,
        coordinate,
        `${coordinate} is ${type.name}, but the service answers ${nameOf(message)}; use ${fitting.join(' or ') || 'an object type or JSON'}.`,
      )
}

const checkObject = (walk: Walk, type: GraphQLObjectType, message: Type): undefined => {
  const visit = `${type.name} ${message.fullName}`
  if (walk.seen.has(visit)) return undefined
  walk.seen.add(visit)
  for (const field of Object.values(type.getFields())) checkField(walk, { type, field, message })
  return undefined
}

const checkField = (
  walk: Walk,
  { type, field, message }: { type: GraphQLObjectType; field: GraphQLField<unknown, unknown>; message: Type },
): undefined => {
  const { context } = walk
  const coordinate = `${type.name}.${field.name}`
  const node = field.astNode
  if (node === undefined || node === null) return undefined
  const oneof = directiveOf('from', node)?.args['oneof']
  if (typeof oneof === 'string')
    return checkOneof(walk, { coordinate, node, union: getNamedType(field.type), message, oneof })
  const path = readPathOf(field)
  if (path === undefined) return undefined
  const found = follow(message, path)
  if (typeof found === 'string')
    return report(
      context,
      node,
      coordinate,
      `${found.replace(/\.$/, '')}${found.endsWith('.') ? '.' : ''} Name another by @from(path: "…").`,
    )
  if (found.field instanceof MapField)
    return getNamedType(field.type).name === 'JSON'
      ? undefined
      : report(context, node, coordinate, `${path.join('.')} is a map; use JSON.`)
  const list = isListType(getNullableType(field.type))
  if (list !== (found.field?.repeated === true) && getNamedType(field.type).name !== 'JSON')
    return report(context, node, coordinate, listMistake(coordinate, !list, path.join('.')))
  return checkNamed(walk, { field, type: getNamedType(field.type), message: found.type, node, coordinate })
}

const listMistake = (coordinate: string, answersList: boolean, path: string): string =>
  answersList
    ? `${path} is a list, but ${coordinate} is not: write its type in [ ].`
    : `${coordinate} is a list, but ${path} is not.`

const checkOneof = (
  walk: Walk,
  {
    coordinate,
    node,
    union,
    message,
    oneof,
  }: { coordinate: string; node: ASTNode; union: ReturnType<typeof getNamedType>; message: Type; oneof: string },
): undefined => {
  const group = message.oneofs[oneof]
  if (group === undefined)
    return report(
      walk.context,
      node,
      coordinate,
      `${message.fullName.slice(1)} has no oneof ${oneof}.${didYouMean(
        oneof,
        message.oneofsArray.filter(({ isProto3Optional }) => !isProto3Optional).map(({ name }) => name),
      )}`,
    )
  if (!isUnionType(union)) return undefined
  const cases: OneofCase[] = []
  for (const field of group.fieldsArray) {
    field.resolve()
    const member = union.getTypes().find(({ name }) => name === field.resolvedType?.name)
    if (member === undefined || !(field.resolvedType instanceof Type))
      return report(
        walk.context,
        node,
        coordinate,
        `${union.name} has no member for the case ${field.name} of ${oneof}; add the type ${field.resolvedType?.name ?? 'of a message'} to the union.`,
      )
    cases.push({ name: field.name, type: member.name })
    checkObject(walk, member, field.resolvedType)
  }
  walk.oneofs.set(coordinate, cases)
  return undefined
}
