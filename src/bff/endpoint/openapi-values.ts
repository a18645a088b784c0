import {
  type GraphQLEnumType,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLLeafType,
  type GraphQLNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
} from 'graphql'
import { type JsonSchema, schemaRef } from '../../kernel/openapi.ts'
import { paragraphs } from '../../kernel/openapi-words.ts'

/** The named schemas of one document, made as they are asked for. */
export type NamedSchemas = {
  /** A reference to what a GraphQL type is; `make` is asked once for each. */
  readonly ofType: (type: GraphQLNamedType, make: () => JsonSchema) => JsonSchema
  /** A reference to a schema under a name like this one, as no other has it. */
  readonly own: (name: string, schema: JsonSchema) => JsonSchema
  readonly all: () => Readonly<Record<string, JsonSchema>>
}

/** `taken` are the names of types, which no schema of another kind may have. */
export const namedSchemas = (taken: readonly string[]): NamedSchemas => {
  const schemas = new Map<string, JsonSchema>()
  const names = new Set(taken)
  return {
    ofType({ name }, make) {
      if (!schemas.has(name)) {
        // Set first: an input object may hold itself.
        schemas.set(name, {})
        schemas.set(name, make())
      }
      return schemaRef(name)
    },
    own(wanted, schema) {
      let name = wanted
      for (let count = 2; names.has(name); count += 1) name = `${wanted}-${count}`
      names.add(name)
      schemas.set(name, schema)
      return schemaRef(name)
    },
    all: () => Object.fromEntries(schemas),
  }
}

/** What our scalars and those of the GraphQL specification are as JSON. */
const scalars: Readonly<Record<string, JsonSchema>> = {
  Int: { type: 'integer', format: 'int32' },
  Float: { type: 'number', format: 'double' },
  String: { type: 'string' },
  ID: { type: 'string' },
  Boolean: { type: 'boolean' },
  Int64: { type: 'string', format: 'int64' },
  UInt64: { type: 'string', format: 'uint64' },
  UInt32: { type: 'integer', minimum: 0, maximum: 4_294_967_295 },
  Decimal: { type: 'string', pattern: '^-?\\d+(\\.\\d+)?([eE][+-]?\\d+)?$' },
  DateTime: { type: 'string', format: 'date-time' },
  Duration: { type: 'string', pattern: '^-?\\d{1,12}(\\.\\d{1,9})?s$' },
  Bytes: { type: 'string', contentEncoding: 'base64' },
  JSON: { description: 'Any JSON value.' },
}

export const described = (schema: JsonSchema, description: string | null | undefined): JsonSchema =>
  description ? { ...schema, description } : schema

/** The same or null. */
export const orNull = (schema: JsonSchema): JsonSchema => {
  const { type } = schema
  if (typeof type === 'string' && schema['enum'] === undefined && schema['const'] === undefined)
    return { ...schema, type: [type, 'null'] }
  return allowsAll(schema) ? schema : { anyOf: [schema, { type: 'null' }] }
}

const allowsAll = (schema: JsonSchema): boolean => Object.keys(schema).every((keyword) => keyword === 'description')

/** A scalar or an enum. A scalar of the author's own may be anything. */
export const leafSchema = (type: GraphQLLeafType, named: NamedSchemas): JsonSchema => {
  if (isEnumType(type)) return named.ofType(type, () => enumSchema(type))
  return scalars[type.name] ?? named.ofType(type, () => described({}, type.description ?? `A ${type.name}.`))
}

const enumSchema = (type: GraphQLEnumType): JsonSchema => {
  const values = type.getValues()
  const notes = values.flatMap(({ name, description, deprecationReason }) => {
    const said = [description?.replaceAll(/\s*\n\s*/g, ' '), deprecationReason && `Deprecated: ${deprecationReason}`]
    const text = said.filter((part) => part).join(' ')
    return text === '' ? [] : [`- \`${name}\`: ${text}`]
  })
  const description = paragraphs(type.description ?? undefined, notes.join('\n'))
  return described({ type: 'string', enum: values.map(({ name }) => name) }, description)
}

/** What requests may hold. */
export const inputSchema = (type: GraphQLInputType, named: NamedSchemas): JsonSchema =>
  isNonNullType(type) ? bareInput(type, named) : orNull(bareInput(type, named))

/** The same without null, for what is text and cannot be null. */
export const bareInput = (type: GraphQLInputType, named: NamedSchemas): JsonSchema => {
  const bare = getNullableType(type)
  if (isListType(bare)) return { type: 'array', items: inputSchema(bare.ofType, named) }
  if (isInputObjectType(bare)) return named.ofType(bare, () => inputObject(bare, named))
  return isEnumType(bare) || isScalarType(bare) ? leafSchema(bare, named) : {}
}

const inputObject = (type: GraphQLInputObjectType, named: NamedSchemas): JsonSchema => {
  const fields = Object.values(type.getFields())
  if (type.isOneOf) {
    const properties = fields.map((field) => [field.name, described(bareInput(field.type, named), field.description)])
    const one = { minProperties: 1, maxProperties: 1, additionalProperties: false }
    return described({ type: 'object', properties: Object.fromEntries(properties), ...one }, type.description)
  }
  const members = fields.map((field) => ({
    name: field.name,
    type: field.type,
    description: field.description,
    fallback: field.defaultValue === undefined ? undefined : { value: field.defaultValue },
    deprecated: typeof field.deprecationReason === 'string',
  }))
  return described(membersSchema(members, named), type.description)
}

export type Member = {
  readonly name: string
  readonly type: GraphQLInputType
  readonly description: string | null | undefined
  readonly fallback: { readonly value: unknown } | undefined
  readonly deprecated?: boolean
}

/** An object of a request, which has no members but these. */
export const membersSchema = (members: readonly Member[], named: NamedSchemas): JsonSchema => {
  const properties = members.map(({ name, type, description, fallback, deprecated }) => [
    name,
    {
      ...described(inputSchema(type, named), description),
      ...(fallback === undefined ? {} : { default: fallback.value }),
      ...(deprecated === true ? { deprecated: true } : {}),
    },
  ])
  const required = members
    .filter(({ type, fallback }) => isNonNullType(type) && fallback === undefined)
    .map(({ name }) => name)
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  }
}
