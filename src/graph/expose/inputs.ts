import protobuf, { type Field, type OneOf } from 'protobufjs'
import { remarksOf } from './comments.ts'
import { graphqlName, isGraphqlName, type NameOf, namedType } from './fields.ts'
import { hasEntries, isRequired, partOf, shownFields } from './messages.ts'
import type { Member } from './print.ts'
import { untaken } from './words.ts'

type Type = protobuf.Type

/** The fields of an input type. */
export const inputMembers = (type: Type, nameOf: NameOf): readonly Member[] => {
  const taken = new Set<string>()
  return inputsOf(type).map((input) => {
    if ('oneof' in input) {
      const { oneof } = input
      const name = untaken(graphqlName(oneof), taken)
      const { description } = remarksOf(oneof)
      return {
        name,
        type: nameOf({ kind: 'oneof', oneof }),
        ...(description === undefined ? {} : { description }),
        directives: [`@from(oneof: ${JSON.stringify(oneof.name)})`],
      }
    }
    const { field } = input
    const required = isRequired(field) && !demandsItself(field)
    return inputMember(field, { type: `${inputType(field, nameOf)}${required ? '!' : ''}`, taken })
  })
}

type Input = { readonly field: Field } | { readonly oneof: OneOf }

/** What an input of a message has: its fields, and one for each oneof in place of its cases. */
export const inputsOf = (type: Type): readonly Input[] => {
  const seen = new Set<OneOf>()
  return shownFields(type, 'in').flatMap((field): readonly Input[] => {
    const oneof = partOf(field)
    if (oneof === undefined) return [{ field }]
    if (seen.has(oneof)) return []
    seen.add(oneof)
    return [{ oneof }]
  })
}

/** One input of a request, as an argument; `request` is what stands for it in the request message. */
export const argumentOf = (
  input: Input,
  { nameOf, taken }: { readonly nameOf: NameOf; readonly taken: Set<string> },
): { readonly argument: Member; readonly request: readonly string[] } => {
  if ('field' in input) {
    const { field } = input
    const type = `${inputType(field, nameOf)}${isRequired(field) ? '!' : ''}`
    const { directives, ...argument } = inputMember(field, { type, taken })
    // The request template names the field, so the argument need not.
    const own = hasEntries(field, 'in') ? ['@from(map: true)'] : []
    const kept = [...own, ...directives.filter((directive) => !directive.startsWith('@from'))]
    return { argument: { ...argument, directives: kept }, request: [`${requestKey(field)}: "{args.${argument.name}}"`] }
  }
  const { oneof } = input
  const name = untaken(graphqlName(oneof), taken)
  const { description } = remarksOf(oneof)
  const cases = caseInputs(oneof, nameOf)
  return {
    argument: {
      name,
      type: nameOf({ kind: 'oneof', oneof }),
      ...(description === undefined ? {} : { description }),
      directives: [],
    },
    request: shownCases(oneof).map((field, index) => `${requestKey(field)}: "{args.${name}.${cases[index]?.name}}"`),
  }
}

/** The name of a field in a request written as a GraphQL value. */
const requestKey = ({ jsonName, protoName }: Field): string => (isGraphqlName(jsonName) ? jsonName : protoName)

const inputMember = (field: Field, { type, taken }: { type: string; taken: Set<string> }): Member => {
  const { description, directives } = remarksOf(field)
  const name = untaken(graphqlName(field), taken)
  const from = [
    ...(name === field.jsonName ? [] : [`path: ${JSON.stringify(field.jsonName)}`]),
    ...(hasEntries(field, 'in') ? ['map: true'] : []),
  ]
  return {
    name,
    type,
    ...(description === undefined ? {} : { description }),
    // GraphQL lets nobody deprecate what must be given (specification §3.6.2).
    directives: [
      ...(from.length === 0 ? [] : [`@from(${from.join(', ')})`]),
      ...(type.endsWith('!') ? [] : directives),
    ],
  }
}

/** Whether a required message leads back to itself by required messages alone: nobody could write such an input. */
const demandsItself = (field: Field): boolean => {
  const seen = new Set<Type>()
  const waiting = [field]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const { resolvedType } = at
    if (at.repeated || at.map || !(resolvedType instanceof protobuf.Type) || seen.has(resolvedType)) continue
    if (resolvedType === field.parent) return true
    seen.add(resolvedType)
    waiting.push(...shownFields(resolvedType, 'in').filter(isRequired))
  }
  return false
}

const shownCases = ({ fieldsArray }: OneOf): readonly Field[] =>
  fieldsArray.filter((field) => shownFields(field.parent as Type, 'in').includes(field))

/** The fields of a `@oneOf` input: one for each case. */
export const caseInputs = (oneof: OneOf, nameOf: NameOf): readonly Member[] => {
  const taken = new Set<string>()
  return shownCases(oneof).map((field) => inputMember(field, { type: inputType(field, nameOf), taken }))
}

const inputType = (field: Field, nameOf: NameOf): string => {
  if (field.map) return hasEntries(field, 'in') ? `[${nameOf({ kind: 'entry', field, direction: 'in' })}!]` : 'JSON'
  const named = namedType(field, { direction: 'in', nameOf })
  return field.repeated ? `[${named}!]` : named
}
