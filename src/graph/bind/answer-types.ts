import {
  type ASTNode,
  type GraphQLEnumType,
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isUnionType,
} from 'graphql'
import protobuf, { type Field as MessageField } from 'protobufjs'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { directiveOf } from '../directives.ts'
import type { InlineSource, OneofCase } from '../graph.ts'
import { type BindContext, readPathOf, report, warn } from './context.ts'
import { isMap, valueOf } from './maps.ts'
import { follow, mendPath } from './message-path.ts'
import { builtIn, nameOf, type ProtoType, scalarsFor } from './proto-scalars.ts'
import { spellingsOf } from './templates.ts'

const { Enum, Type } = protobuf
type Type = protobuf.Type
type Enum = protobuf.Enum

/** What is known of the messages looked at so far. */
export type Walk = {
  readonly context: BindContext
  readonly seen: Set<string>
  readonly oneofs: Map<string, InlineSource>
  /** The message that first made an object of each type, by type name. */
  readonly suppliers: Map<string, Type>
}

type Checked = {
  readonly field: GraphQLField<unknown, unknown> | undefined
  readonly type: ReturnType<typeof getNamedType>
  readonly message: ProtoType
  readonly node: ASTNode
  readonly coordinate: string
}

/** Holds what a message brings against the type that the schema makes of it, and all that is below it. */
export const checkNamed = (walk: Walk, { type, message, node, coordinate }: Checked): undefined => {
  const { context } = walk
  if (isObjectType(type)) {
    if (!(message instanceof Type))
      return report(context, node, coordinate, {
        code: 'PORTICO-305',
        message: `${coordinate} is an object, but the service answers ${nameOf(message)}.`,
      })
    return checkObject(walk, type, message)
  }
  if (isEnumType(type)) {
    if (!(message instanceof Enum))
      return message === 'string'
        ? undefined
        : report(context, node, coordinate, {
            code: 'PORTICO-305',
            message: `${coordinate} is an enum, but the service answers ${nameOf(message)}.`,
          })
    const spelt = new Set(type.getValues().flatMap(spellingsOf))
    checkSpellings(walk, type, message)
    const missing = Object.entries(message.values).filter(([name, number]) => !spelt.has(name) && number !== 0)
    if (missing.length > 0 && !spelt.has('*'))
      warn(context, node, coordinate, {
        code: 'PORTICO-307',
        message: `${type.name} has no value for ${missing.map(([name]) => name).join(', ')} of ${message.name}, so such an answer is an error; map it by @from(enum: ["…"]), or "*" for all others.`,
      })
    return undefined
  }
  if (!isScalarType(type)) return undefined
  const fitting = scalarsFor(message)
  return fitting.includes(type.name) || (fitting.length === 0 && type.name === 'JSON') || !builtIn.has(type.name)
    ? undefined
    : report(context, node, coordinate, {
        code: 'PORTICO-308',
        message: `${coordinate} is ${type.name}, but the service answers ${nameOf(message)}; use ${fitting.join(' or ') || 'an object type or JSON'}.`,
      })
}

/** A value that the proto's enum does not have can neither arrive nor be sent. */
const checkSpellings = ({ context, seen }: Walk, type: GraphQLEnumType, { fullName, values }: Enum): void => {
  const visit = `${type.name} ${fullName}`
  if (seen.has(visit)) return
  seen.add(visit)
  for (const value of type.getValues()) {
    const spellings = spellingsOf(value)
    if (!value.astNode || spellings.some((spelling) => spelling === '*' || Object.hasOwn(values, spelling))) continue
    report(context, value.astNode, `${type.name}.${value.name}`, {
      code: 'PORTICO-306',
      message: `${fullName.slice(1)} has no value ${spellings.join(' or ')}.${didYouMean(spellings[0] ?? '', Object.keys(values))} Spell it by @from(enum: ["…"]).`,
    })
  }
}

const checkObject = (walk: Walk, type: GraphQLObjectType, message: Type): undefined => {
  const visit = `${type.name} ${message.fullName}`
  if (walk.seen.has(visit)) return undefined
  walk.seen.add(visit)
  if (!walk.suppliers.has(type.name)) walk.suppliers.set(type.name, message)
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
    return checkOneof(walk, { coordinate, node, type: getNamedType(field.type), message, oneof })
  const path = readPathOf(field)
  if (path === undefined) return undefined
  const found = follow(message, path)
  const supplier = walk.suppliers.get(type.name)
  if ('why' in found && supplier !== undefined && supplier !== message)
    return report(context, node, coordinate, {
      code: 'PORTICO-503',
      message: `${type.name} is made of ${nameOf(supplier)} and of ${nameOf(message)}, and the latter cannot give ${field.name}: ${found.why} Load ${type.name} by @entity, or use two types.`,
    })
  if ('why' in found) {
    const written = directiveOf('from', node)?.nodes['path']
    return report(context, node, coordinate, {
      code: 'PORTICO-301',
      message: `${found.why} Name another by @from(path: "…").`,
      // The field's own name is what clients know it by.
      mend: written && mendPath(written, found),
    })
  }
  const asEntries = directiveOf('from', node)?.args['map'] === true
  if (isMap(found.field)) {
    if (!asEntries)
      return getNamedType(field.type).name === 'JSON'
        ? undefined
        : report(context, node, coordinate, {
            code: 'PORTICO-313',
            message: `${path.join('.')} is a map; use JSON, or a list of entries and @from(map: true).`,
          })
    const value = valueOf(getNamedType(field.type))
    return (
      value && checkNamed(walk, { field: value, type: getNamedType(value.type), message: found.type, node, coordinate })
    )
  }
  if (asEntries)
    return report(context, node, coordinate, { code: 'PORTICO-313', message: `${path.join('.')} is no map.` })
  const list = isListType(getNullableType(field.type))
  if (list !== (found.field?.repeated === true) && getNamedType(field.type).name !== 'JSON')
    return report(context, node, coordinate, {
      code: 'PORTICO-304',
      message: listMistake(coordinate, !list, path.join('.')),
    })
  if (isNonNullType(field.type) && isOptional(found.field))
    warn(context, node, coordinate, {
      code: 'PORTICO-310',
      message: `${coordinate} is non-null, but ${path.join('.')} may be absent, which would make its parent null: let it be nullable.`,
    })
  return checkNamed(walk, { field, type: getNamedType(field.type), message: found.type, node, coordinate })
}

/** What its proto says may be left out, by `optional` or as the case of a oneof. A message may be too, but seldom is. */
const isOptional = (field: MessageField | undefined): boolean =>
  field?.partOf !== null && field?.partOf !== undefined && !field.repeated

const checkOneof = (
  walk: Walk,
  {
    coordinate,
    node,
    type,
    message,
    oneof,
  }: { coordinate: string; node: ASTNode; type: ReturnType<typeof getNamedType>; message: Type; oneof: string },
): undefined => {
  const group = message.oneofs[oneof]
  if (group === undefined)
    return report(walk.context, node, coordinate, {
      code: 'PORTICO-302',
      message: `${message.fullName.slice(1)} has no oneof ${oneof}.${didYouMean(
        oneof,
        message.oneofsArray.filter(({ isProto3Optional }) => !isProto3Optional).map(({ name }) => name),
      )}`,
    })
  if (isEnumType(type)) {
    const names = group.fieldsArray.map((field) => field.resolve().jsonName)
    const spelt = new Set(type.getValues().flatMap(spellingsOf))
    const missing = names.filter((name) => !spelt.has(name) && !spelt.has('*'))
    if (missing.length > 0)
      return report(walk.context, node, coordinate, {
        code: 'PORTICO-303',
        message: `${type.name} has no value for the case ${missing.join(', ')} of ${oneof}; add it with @from(enum: ["${missing[0]}"]).`,
      })
    walk.oneofs.set(coordinate, { kind: 'case', names })
    return undefined
  }
  if (!isUnionType(type)) return undefined
  const cases: OneofCase[] = []
  for (const field of group.fieldsArray) {
    field.resolve()
    const member = type.getTypes().find(({ name }) => name === field.resolvedType?.name)
    if (member === undefined || !(field.resolvedType instanceof Type))
      return report(walk.context, node, coordinate, {
        code: 'PORTICO-303',
        message: `${type.name} has no member for the case ${field.name} of ${oneof}; add the type ${field.resolvedType?.name ?? 'of a message'} to the union.`,
      })
    cases.push({ name: field.jsonName, type: member.name })
    checkObject(walk, member, field.resolvedType)
  }
  walk.oneofs.set(coordinate, { kind: 'oneof', cases })
  return undefined
}

export const listMistake = (coordinate: string, answersList: boolean, path: string): string =>
  answersList
    ? `${path} is a list, but ${coordinate} is not: write its type in [ ].`
    : `${coordinate} is a list, but ${path} is not.`
