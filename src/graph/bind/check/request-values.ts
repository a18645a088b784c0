import {
  type ConstValueNode,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isObjectType,
  Kind,
} from 'graphql'
import protobuf, { type Field } from 'protobufjs'
import { didYouMean } from '../../../kernel/diagnostic.ts'
import { fieldOf } from '../../../services/grpc/json/fields.ts'
import { isDemanded } from '../../../services/grpc/protos/annotations.ts'
import type { Expression } from '../../template.ts'
import { parseTemplate } from '../../template-syntax.ts'
import { type BindContext, isMutation, type Owner, report } from '../context.ts'
import { isReadMask } from '../field-mask.ts'
import { isMap } from '../maps.ts'
import { nameOf, type ProtoType } from '../proto-scalars.ts'
import { argumentType } from './argument-type.ts'
import { checkInput } from './inputs.ts'

type Checked = { readonly owner: Owner; readonly batched: boolean }

/** Whether the values of a `request` are values of the message's fields, and what the message requires is there. */
export const checkRequestValues = (
  context: BindContext,
  { node, type, ...checked }: Checked & { readonly node: ConstValueNode; readonly type: protobuf.Type },
): boolean => {
  if (type.fullName.startsWith('.google.protobuf.')) return true
  const whole = node.kind === Kind.STRING ? onlyExpression(node.value) : undefined
  const given = whole && typeOf(whole, checked.owner)
  if (isInputObjectType(given && getNullableType(given)))
    return checkInput(context, { input: getNamedType(given) as GraphQLInputObjectType, message: type })
  if (node.kind !== Kind.OBJECT) return true
  const set = new Set<Field>()
  const sound = node.fields.map(({ name, value }) => {
    const field = fieldOf(type, name.value)
    if (field === undefined) return true
    set.add(field)
    return checkValue(context, { node: value, field, ...checked })
  })
  const reads = !isMutation(context, checked.owner)
  const unset = type.fieldsArray.find(
    (field) => isDemanded(field) && !set.has(field) && !isReadMask(field.resolve(), reads),
  )
  if (unset === undefined) return sound.every(Boolean)
  report(context, node, checked.owner.coordinate, {
    code: 'PORTICO-211',
    message: `${nameOf(type)} requires ${unset.name}, and the request does not set it.`,
  })
  return false
}

type Value = Checked & { readonly node: ConstValueNode; readonly field: Field }

const checkValue = (context: BindContext, { node, field, ...checked }: Value): boolean => {
  if (isMap(field)) return true
  const type: ProtoType = field.resolvedType ?? field.type
  const wrong = (code: 'PORTICO-205' | 'PORTICO-210', message: string): false => {
    report(context, node, checked.owner.coordinate, { code, message })
    return false
  }
  const taken = `${field.name} of ${nameOf(field.parent as protobuf.Type)}`
  if (node.kind === Kind.LIST) {
    if (!field.repeated) return isJson(type) || wrong('PORTICO-210', `${taken} takes one ${nameOf(type)}, not a list.`)
    return node.values.every((value) => checkOne(context, { node: value, field, ...checked }))
  }
  const expression = node.kind === Kind.STRING ? onlyExpression(node.value) : undefined
  if (expression === undefined) return field.repeated || checkOne(context, { node, field, ...checked })
  if (expression.pipes.length > 0) return true
  if (expression.root === 'keys' && checked.batched && !field.repeated)
    return wrong(
      'PORTICO-205',
      `${taken} takes one ${nameOf(type)}, but {${expression.text}} of a batch is a list of keys. Bind a repeated field, or drop \`batch\` and say \`fanout\` with {this.${expression.path.join('.')}}.`,
    )
  const given = typeOf(expression, checked.owner)
  if (given === undefined) return true
  if (isListType(getNullableType(given)) && !field.repeated && !isJson(type))
    return wrong('PORTICO-210', `${taken} takes one ${nameOf(type)}, but {${expression.text}} is a list.`)
  const named = getNamedType(given)
  const { name } = named
  if (type instanceof protobuf.Type && isInputObjectType(named))
    return checkInput(context, { input: named, message: type })
  return fits(given, type)
    ? true
    : wrong('PORTICO-210', `${taken} is ${nameOf(type)}, but {${expression.text}} is ${name}.`)
}

/** One value that is no placeholder. */
const checkOne = (context: BindContext, { node, field, ...checked }: Value): boolean => {
  const type: ProtoType = field.resolvedType ?? field.type
  if (type instanceof protobuf.Type) return checkRequestValues(context, { node, type, ...checked })
  const message = literalMistake(node, type)
  if (message === undefined) return true
  report(context, node, checked.owner.coordinate, { code: 'PORTICO-210', message: `${field.name}: ${message}` })
  return false
}

const literalMistake = (node: ConstValueNode, type: protobuf.Enum | string): string | undefined => {
  if (node.kind === Kind.NULL) return undefined
  if (node.kind === Kind.OBJECT) return `expected ${nameOf(type)}, found an object.`
  if (type instanceof protobuf.Enum) {
    const text = node.kind === Kind.STRING || node.kind === Kind.ENUM ? node.value : undefined
    return text === undefined || text.includes('{') || Object.hasOwn(type.values, text)
      ? undefined
      : `${nameOf(type)} has no value ${text}.${didYouMean(text, Object.keys(type.values))}`
  }
  const expected = type === 'bool' ? Kind.BOOLEAN : type === 'string' || type === 'bytes' ? Kind.STRING : undefined
  if (node.kind === Kind.STRING && node.value.includes('{')) return undefined
  if (expected !== undefined)
    return node.kind === expected || node.kind === Kind.ENUM ? undefined : `expected ${type}, found ${shown(node)}.`
  const numeric = node.kind === Kind.INT || node.kind === Kind.FLOAT || node.kind === Kind.STRING
  return numeric && !Number.isNaN(Number(node.value)) ? undefined : `expected ${type}, found ${shown(node)}.`
}

const shown = (node: ConstValueNode): string =>
  node.kind === Kind.STRING ? JSON.stringify(node.value) : 'value' in node ? String(node.value) : 'a list'

const onlyExpression = (text: string): Expression | undefined => {
  const template = parseTemplate(text)
  const [only] = typeof template === 'string' ? [] : template
  return typeof template !== 'string' && template.length === 1 && typeof only === 'object' ? only : undefined
}

/** The schema's type of what a placeholder reads; undefined where none is known, as of claims. */
const typeOf = (
  { root, path }: Expression,
  { field, type }: Owner,
): GraphQLInputType | GraphQLOutputType | undefined => {
  const [first = '', ...rest] = path
  if (root === 'args') return argumentType(field, path)
  if (root !== 'this') return undefined
  return rest.reduce<GraphQLOutputType | undefined>((at, name) => {
    const named = at && getNamedType(at)
    return isObjectType(named) ? named.getFields()[name]?.type : undefined
  }, type.getFields()[first]?.type)
}

const isJson = (type: ProtoType): boolean =>
  type instanceof protobuf.Type && type.fullName.startsWith('.google.protobuf.')

const never: Readonly<Record<string, ReadonlySet<string>>> = {
  bool: new Set([
    'Int',
    'Float',
    'String',
    'ID',
    'Int64',
    'UInt64',
    'UInt32',
    'Decimal',
    'DateTime',
    'Duration',
    'Bytes',
  ]),
  string: new Set(['Boolean', 'Int', 'Float', 'UInt32']),
  number: new Set(['Boolean', 'DateTime', 'Duration', 'Bytes']),
}

/** Whether values of a schema's type may be values of a proto type; what nobody can tell may. */
const fits = (given: GraphQLInputType | GraphQLOutputType, type: ProtoType): boolean => {
  if (isJson(type)) return true
  const named = getNamedType(given)
  const { name } = named
  const composite = isInputObjectType(named) || isObjectType(named)
  if (type instanceof protobuf.Type)
    return composite || !['Boolean', 'Int', 'Float', 'ID', 'String', 'DateTime'].includes(name)
  if (composite) return false
  if (type instanceof protobuf.Enum) return !['Boolean', 'Float', 'DateTime'].includes(name)
  const kind = type === 'bool' || type === 'string' ? type : type === 'bytes' ? 'string' : 'number'
  return never[kind]?.has(name) !== true
}
