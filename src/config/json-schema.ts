import { z } from 'zod'
import { writtenDefault } from './written.ts'

/** A node of a JSON Schema document. */
export type JsonSchema = { [keyword: string]: unknown }

/** How a text that holds a variable looks to an editor; what it becomes only the gateway can check. */
const variable: JsonSchema = { type: 'string', pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}' }

/**
 * The JSON Schema (draft 7, which every YAML editor speaks) of a workspace file as it is written: before defaults,
 * with units, and with `${VAR}` wherever a scalar may stand.
 */
export const editorSchema = (shape: z.ZodType, title = 'portico.yaml'): JsonSchema => {
  const { $schema, ...schema } = z.toJSONSchema(shape, {
    io: 'input',
    target: 'draft-7',
    override({ zodSchema, jsonSchema }) {
      const value = writtenDefault(zodSchema)
      if (isPlainDefault(value)) Object.assign(jsonSchema, { default: value })
      else delete jsonSchema.default
    },
  })
  return { $schema, title, ...withVariables(schema) }
}

/** `{}` and `[]` as defaults would only make editors insert them. */
const isPlainDefault = (value: unknown): boolean =>
  value !== undefined && (typeof value !== 'object' || value === null || Object.keys(value).length > 0)

/** Keywords that narrow a scalar; the others say something about it and stay outside. */
const narrowing = new Set(
  'type pattern format enum const allOf minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum'.split(
    ' ',
  ),
)

const scalarTypes = new Set(['string', 'number', 'integer', 'boolean'])

const withVariables = (schema: JsonSchema): JsonSchema => {
  if (!isScalar(schema)) return mapped(schema)
  const narrow = Object.fromEntries(
    Object.entries(schema).filter(([key, value]) => narrowing.has(key) && value !== Number.MAX_SAFE_INTEGER),
  )
  // Any text may hold a variable already.
  if (Object.keys(narrow).length === 1 && narrow['type'] === 'string') return schema
  const rest = Object.fromEntries(Object.entries(schema).filter(([key]) => !narrowing.has(key)))
  return { ...rest, anyOf: [narrow, variable] }
}

const isScalar = ({ type, enum: values, const: value }: JsonSchema): boolean =>
  scalarTypes.has(String(type)) || values !== undefined || value !== undefined

const schemaMaps = new Set(['properties', 'definitions', 'patternProperties'])
/** Names of services and the like are keys, where no variable may stand: `propertyNames` is left as it is. */
const schemaPlaces = new Set(['items', 'additionalProperties', 'anyOf', 'oneOf', 'allOf'])

const isNode = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const mapped = (schema: JsonSchema): JsonSchema =>
  Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (schemaMaps.has(key) && isNode(value))
        return [key, Object.fromEntries(Object.entries(value).map(([name, node]) => [name, inner(node)]))]
      return [key, schemaPlaces.has(key) ? inner(value) : value]
    }),
  )

const inner = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(inner)
  return isNode(value) ? withVariables(value) : value
}
