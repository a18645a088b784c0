import protobuf, { type Field, type OneOf } from 'protobufjs'
import { remarksOf } from './comments.ts'
import { caseMembers, enumMembers } from './enums.ts'
import { graphqlName, type NameOf, namedType } from './fields.ts'
import { caseInputs, inputMembers } from './inputs.ts'
import { hasEntries, partOf, shownFields, wellKnownScalar } from './messages.ts'
import { keyOf, type Part } from './parts.ts'
import type { Definition, Member } from './print.ts'
import { lowerCamel, untaken } from './words.ts'

type Type = protobuf.Type

export const definitionOf = (part: Part, nameOf: NameOf): Definition => {
  const common = { name: nameOf(part), of: keyOf(part) }
  switch (part.kind) {
    case 'message': {
      const { description } = remarksOf(part.type)
      return {
        ...common,
        kind: part.direction === 'in' ? 'input' : 'type',
        ...(description === undefined ? {} : { description }),
        directives: [],
        members: part.direction === 'in' ? inputMembers(part.type, nameOf) : outputMembers(part.type, nameOf),
      }
    }
    case 'enum': {
      const { description } = remarksOf(part.type)
      return {
        ...common,
        kind: 'enum',
        ...(description === undefined ? {} : { description }),
        directives: [],
        members: enumMembers(part.type),
      }
    }
    case 'case':
      return { ...common, kind: 'enum', directives: [], members: caseMembers(part.oneof) }
    case 'oneof':
      return { ...common, kind: 'input', directives: ['@oneOf'], members: caseInputs(part.oneof, nameOf) }
    case 'entry': {
      const { resolvedType } = part.field
      const value = nameOf({ kind: 'message', type: resolvedType as Type, direction: part.direction })
      return {
        ...common,
        kind: part.direction === 'in' ? 'input' : 'type',
        directives: [],
        members: [
          { name: 'key', type: 'String!', directives: [] },
          { name: 'value', type: `${value}!`, directives: [] },
        ],
      }
    }
  }
}

/** The type of what a method answers: null where nothing is found, or where the call fails. */
export const answerType = (type: Type, nameOf: NameOf): string => {
  if (type.fieldsArray.length === 0 && (wellKnownScalar(type) ?? 'JSON') === 'JSON') return 'Boolean!'
  return (
    wellKnownScalar(type) ??
    (shownFields(type, 'out').length === 0 ? 'JSON' : nameOf({ kind: 'message', type, direction: 'out' }))
  )
}

const outputMembers = (type: Type, nameOf: NameOf): readonly Member[] => {
  const taken = new Set<string>()
  const fields = shownFields(type, 'out')
  const members = fields.map((field): Member => {
    const { description, directives } = remarksOf(field)
    const name = untaken(graphqlName(field), taken)
    const from = [
      ...(name === field.jsonName ? [] : [`path: ${JSON.stringify(field.jsonName)}`]),
      ...(hasEntries(field, 'out') ? ['map: true'] : []),
    ]
    return {
      name,
      type: outputType(field, nameOf),
      ...(description === undefined ? {} : { description }),
      directives: [...(from.length === 0 ? [] : [`@from(${from.join(', ')})`]), ...directives],
    }
  })
  return members.flatMap((member, index) => {
    const oneof = partOf(fields[index] as Field)
    const isLast = oneof !== undefined && fields.slice(index + 1).every((field) => partOf(field) !== oneof)
    return isLast ? [member, caseMember(oneof, { nameOf, taken })] : [member]
  })
}

const caseMember = (oneof: OneOf, { nameOf, taken }: { nameOf: NameOf; taken: Set<string> }): Member => ({
  name: untaken(`${lowerCamel(oneof.name)}Case`, taken),
  type: nameOf({ kind: 'case', oneof }),
  description: `Which of ${oneof.fieldsArray.map(graphqlName).join(', ')} is set.`,
  directives: [`@from(oneof: ${JSON.stringify(oneof.name)})`],
})

/** Presence as it is: what is always there is non-null. Enums are nullable, since a service may add values. */
const outputType = (field: Field, nameOf: NameOf): string => {
  if (field.map) return hasEntries(field, 'out') ? `[${nameOf({ kind: 'entry', field, direction: 'out' })}!]!` : 'JSON!'
  const named = namedType(field, { direction: 'out', nameOf })
  const isEnum = field.resolvedType instanceof protobuf.Enum
  if (field.repeated) return isEnum || mayBeNull(field) ? `[${named}]!` : `[${named}!]!`
  const { resolvedType, required, hasPresence } = field
  const mayBeAbsent = !required && (hasPresence || resolvedType instanceof protobuf.Type)
  return isEnum || mayBeAbsent ? named : `${named}!`
}

/** Values whose JSON may be null although they are there. */
const mayBeNull = ({ resolvedType }: Field): boolean => resolvedType?.fullName === '.google.protobuf.Value'
