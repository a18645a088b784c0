import {
  type GraphQLInputField,
  type GraphQLInputObjectType,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
} from 'graphql'
import protobuf, { type Field } from 'protobufjs'
import { didYouMean } from '../../../kernel/diagnostic.ts'
import { fieldOf, jsonNames } from '../../../services/grpc/json/fields.ts'
import { isDemanded } from '../../../services/grpc/protos/annotations.ts'
import { directiveOf } from '../../directives.ts'
import { type BindContext, report } from '../context.ts'
import { isMap } from '../maps.ts'
import { nameOf } from '../proto-scalars.ts'

type Pair = { readonly input: GraphQLInputObjectType; readonly message: protobuf.Type }

/** Whether an input object can become a message: its fields are the message's, and what that requires is among them. */
export const checkInput = (context: BindContext, { input, message }: Pair, seen = new Set<string>()): boolean => {
  const visit = `${input.name} ${message.fullName}`
  if (seen.has(visit) || message.fullName.startsWith('.google.protobuf.')) return true
  seen.add(visit)
  const covered = new Set<Field>()
  const sound = Object.values(input.getFields()).map((field) =>
    checkField(context, { field, input, message, covered, seen }),
  )
  const unset = message.fieldsArray.find((field) => isDemanded(field) && !covered.has(field))
  if (unset === undefined || !input.astNode) return sound.every(Boolean)
  report(context, input.astNode, input.name, {
    code: 'PORTICO-309',
    message: `${nameOf(message)} requires ${unset.name}, and ${input.name} has no field for it.`,
  })
  return false
}

type Checked = Pair & {
  readonly field: GraphQLInputField
  /** The message's fields that the input can set. */
  readonly covered: Set<Field>
  readonly seen: Set<string>
}

const checkField = (context: BindContext, { field, input, message, covered, seen }: Checked): boolean => {
  const { astNode, name } = field
  if (!astNode) return true
  const { path, oneof } = directiveOf('from', astNode)?.args ?? {}
  const coordinate = `${input.name}.${name}`
  const inner = getNamedType(field.type)
  if (typeof oneof === 'string') return checkCases(context, { field, input, message, covered, seen }, oneof)
  const upstream = typeof path === 'string' ? path : name
  const found = fieldOf(message, upstream)
  if (found === undefined) {
    report(context, astNode, coordinate, {
      code: 'PORTICO-204',
      message: `${nameOf(message)} has no field ${upstream}.${didYouMean(upstream, jsonNames(message))} Name another by @from(path: "…").`,
    })
    return false
  }
  covered.add(found)
  if (isMap(found) || !(found.resolvedType instanceof protobuf.Type) || !isInputObjectType(inner)) return true
  if (isListType(getNullableType(field.type)) !== found.repeated) return true
  return checkInput(context, { input: inner, message: found.resolvedType }, seen)
}

/** The members of a `@oneOf` input are cases of the oneof it stands for. */
const checkCases = (
  context: BindContext,
  { field, input, message, covered, seen }: Checked,
  oneof: string,
): boolean => {
  const cases = message.oneofs[oneof]?.fieldsArray ?? []
  for (const one of cases) covered.add(one)
  const members = getNamedType(field.type)
  if (!isInputObjectType(members)) return true
  return Object.values(members.getFields()).every((member) => {
    const path = directiveOf('from', member.astNode)?.args['path']
    const upstream = typeof path === 'string' ? path : member.name
    const found = fieldOf(message, upstream)
    if (found !== undefined && cases.includes(found)) {
      const inner = getNamedType(member.type)
      return (
        !(found.resolvedType instanceof protobuf.Type && isInputObjectType(inner)) ||
        checkInput(context, { input: inner, message: found.resolvedType }, seen)
      )
    }
    const names = cases.map(({ name }) => name)
    if (member.astNode)
      report(context, member.astNode, `${members.name}.${member.name}`, {
        code: 'PORTICO-311',
        message: `${upstream} is no case of ${oneof} of ${nameOf(message)}, which ${input.name}.${field.name} stands for.${didYouMean(upstream, names)}`,
      })
    return false
  })
}
