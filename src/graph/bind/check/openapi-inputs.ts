import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
} from 'graphql'
import { didYouMean } from '../../../kernel/diagnostic.ts'
import {
  formsOf,
  type OpenApiDocument,
  type OpenApiSchema,
  propertiesOf,
  requiredOf,
  typeOf,
} from '../../../services/openapi/document.ts'
import type { Expression, InputMap } from '../../template.ts'
import type { Owner, Told } from '../context.ts'
import { argumentType } from './argument-type.ts'

/** An argument, or a part of one, that is sent where a document says what it takes. */
export type Sent = {
  /** What it is called in a message: `{args.input}`, `{args.input}.size`. */
  readonly what: string
  /** Where it goes: as a sentence begins: `The body of POST /users`, `age of the body of POST /users`. */
  readonly to: string
  readonly type: GraphQLInputType
  /** How it is spelt upstream. */
  readonly map: InputMap | undefined
  /** Whether it is sent as text, which a service reads as what it takes. */
  readonly asText: boolean
}

/** What a placeholder sends of an argument as it is, not through a pipe; undefined where it reads something else. */
export const sentArgument = (
  { root, path, pipes, text, input }: Expression,
  field: Owner['field'],
  { to, asText }: Pick<Sent, 'to' | 'asText'>,
): Sent | undefined => {
  const type = root === 'args' && pipes.length === 0 ? argumentType(field, path) : undefined
  return type && { what: `{${text}}`, to, type, map: input, asText }
}

/** What values of an argument's type could not be of what a service takes: of several forms one has to fit. */
export const inputMistakes = (
  document: OpenApiDocument,
  schema: unknown,
  sent: Sent,
  above: readonly GraphQLInputType[] = [],
): readonly Told[] => {
  const type = getNullableType(sent.type)
  const forms = formsOf(document, schema)
  // Inputs may hold themselves, and documents too.
  if (forms === undefined || above.includes(type) || sent.map?.kind === 'map') return []
  const told = forms.map((form) => mistakesOf(document, form, { ...sent, type }, [...above, type]))
  return told.some((mistakes) => mistakes.length === 0) ? [] : (told.toSorted((a, b) => a.length - b.length)[0] ?? [])
}

const mistakesOf = (
  document: OpenApiDocument,
  form: OpenApiSchema,
  sent: Sent,
  above: readonly GraphQLInputType[],
): readonly Told[] => {
  const { what, to, type, map, asText } = sent
  const takes = typeOf(form)
  const unfit = (is: string): readonly Told[] => [
    { code: 'PORTICO-906', message: `${to} is ${takes}, but ${what} is ${is}.` },
  ]
  if (isListType(type)) {
    if (takes !== undefined && takes !== 'array') return unfit('a list')
    const of = map?.kind === 'list' ? map.of : map
    return inputMistakes(
      document,
      form['items'],
      { ...sent, type: type.ofType, map: of, what: `an item of ${what}` },
      above,
    )
  }
  // A single parameter is a list of one.
  if (takes === 'array') return asText ? [] : unfit('no list')
  if (isInputObjectType(type)) {
    if (asText) return []
    if (takes !== undefined && takes !== 'object') return unfit('an object')
    return objectMistakes(document, form, { ...sent, type }, above)
  }
  if (isEnumType(type)) {
    if (takes !== undefined && takes !== 'string') return unfit(`the enum ${type.name}`)
    return enumMistakes(form, { ...sent, values: type.getValues().map(({ name }) => name) })
  }
  const { name } = getNamedType(type)
  return unfitTypes(name, asText).includes(takes ?? '') ? unfit(name) : []
}

const objectMistakes = (
  document: OpenApiDocument,
  form: OpenApiSchema,
  { what, to, type, map, asText }: Sent & { readonly type: GraphQLInputObjectType },
  above: readonly GraphQLInputType[],
): readonly Told[] => {
  const properties = propertiesOf(document, form)
  const spelt = map?.kind === 'object' ? map.fields : {}
  const fields = Object.values(type.getFields()).map((field) => ({ field, at: spelt[field.name] }))
  // What is spread is members of its cases, and what is dug is said of inputs elsewhere.
  if (properties === undefined || fields.some(({ at }) => at?.spread === true)) return []
  const names = Object.keys(properties)
  const given = fields.map(({ field, at }) => at?.to ?? field.name)
  return [
    ...fields.flatMap(({ field, at }): readonly Told[] => {
      const name = at?.to ?? field.name
      if (!names.includes(name))
        return [
          {
            code: 'PORTICO-905',
            message: `${to} has no field ${name}, which ${what} gives.${didYouMean(name, names)}`,
          },
        ]
      const inner = {
        what: `${what}.${field.name}`,
        to: `${name} of ${to.replace(/^The /, 'the ')}`,
        type: field.type,
        map: at?.map,
        asText,
      }
      return inputMistakes(document, properties[name], inner, above)
    }),
    ...[...new Set(requiredOf(document, form))]
      .filter((name) => !given.includes(name))
      .map((name): Told => ({ code: 'PORTICO-907', message: `${to} requires ${name}, which ${what} never gives.` })),
  ]
}

const enumMistakes = (
  { enum: known }: OpenApiSchema,
  { what, to, map, values }: Sent & { readonly values: readonly string[] },
): readonly Told[] => {
  if (!Array.isArray(known)) return []
  const taken = known.map(String)
  const spelt = map?.kind === 'enum' ? map.values : {}
  const wrong = values.map((value) => spelt[value] ?? value).find((value) => !taken.includes(value))
  return wrong === undefined
    ? []
    : [{ code: 'PORTICO-906', message: `${to} takes no ${wrong}, which ${what} may be.${didYouMean(wrong, taken)}` }]
}

/** JSON types that values of a scalar never are; ids and long numbers are sent as text, which services read either way. */
const unfitTypes = (scalar: string, asText: boolean): readonly string[] => {
  switch (scalar) {
    case 'Boolean':
      return ['integer', 'number', 'array', 'object', ...(asText ? [] : ['string'])]
    case 'Int':
    case 'UInt32':
      return ['boolean', 'object', ...(asText ? [] : ['string'])]
    case 'Float':
      return ['boolean', 'object', 'integer', ...(asText ? [] : ['string'])]
    case 'String':
      return asText ? [] : ['boolean', 'integer', 'number', 'object']
    case 'ID':
      return asText ? [] : ['boolean', 'object']
    case 'DateTime':
    case 'Duration':
      return ['boolean', 'integer', 'number', 'object']
    default:
      return []
  }
}
