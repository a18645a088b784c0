import {
  type ASTNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
} from 'graphql'
import { didYouMean } from '../../../kernel/diagnostic.ts'
import {
  type OpenApiDocument,
  type OpenApiSchema,
  propertiesOf,
  schemaAt,
  typeOf,
} from '../../../services/openapi/document.ts'
import type { Binding } from '../../graph.ts'
import { type BindContext, readPathOf, report } from '../context.ts'

/** What stands at a path; undefined where the document does not say, a phrase where it says that nothing does. */
export const follow = (
  document: OpenApiDocument,
  schema: OpenApiSchema,
  path: readonly string[],
): OpenApiSchema | string | undefined => {
  let at: OpenApiSchema = schema
  for (const name of path) {
    const properties = propertiesOf(document, at)
    if (properties === undefined) return undefined
    if (!Object.hasOwn(properties, name)) return `has no field ${name}.${didYouMean(name, Object.keys(properties))}`
    const inner = schemaAt(document, properties[name])
    if (inner === undefined) return undefined
    at = inner
  }
  return at
}

type Walk = { readonly context: BindContext; readonly document: OpenApiDocument; readonly seen: Set<string> }

/** Whether what a binding answers is what the schema says of it. */
export const checkAnswer = (
  walk: Walk,
  {
    type,
    schema,
    binding: { batch, coordinate },
    node,
  }: {
    readonly type: GraphQLOutputType
    readonly schema: OpenApiSchema
    readonly binding: Binding
    readonly node: ASTNode
  },
): void => {
  if (batch === undefined) return checkValue(walk, { type, schema, coordinate, node })
  const item = schemaAt(walk.document, schema['items'])
  if (typeOf(schema) !== 'array' || item === undefined || batch.items !== undefined) return
  checkValue(walk, { type: getNamedType(type), schema: item, coordinate, node })
}

type Value = {
  readonly type: GraphQLOutputType
  readonly schema: OpenApiSchema
  readonly coordinate: string
  readonly node: ASTNode
}

const checkValue = (walk: Walk, { type, schema, coordinate, node }: Value): void => {
  const { context, document } = walk
  const nullable = getNullableType(type)
  const said = typeOf(schema)
  if (said === undefined) return isObjectType(nullable) ? checkObject(walk, nullable, schema) : undefined
  const named = getNamedType(type)
  if (named.name === 'JSON') return
  const wrong = (message: string): undefined => report(context, node, coordinate, { code: 'PORTICO-906', message })
  if (isListType(nullable) !== (said === 'array'))
    return wrong(
      said === 'array'
        ? `${document.file} says list here, but ${coordinate} is none: write its type in [ ].`
        : `${coordinate} is a list, but ${document.file} says ${said}.`,
    )
  if (isListType(nullable)) {
    const items = schemaAt(document, schema['items'])
    return items && checkValue(walk, { type: nullable.ofType, schema: items, coordinate, node })
  }
  if (isObjectType(nullable))
    return said === 'object'
      ? checkObject(walk, nullable, schema)
      : wrong(`${coordinate} is an object, but ${document.file} says ${said}.`)
  const unfit = unfitFor(said, schema['format'])
  if (unfit.includes(named.name))
    return wrong(
      `${coordinate} is ${named.name}, but ${document.file} says ${said}${typeof schema['format'] === 'string' ? ` (${schema['format']})` : ''}.`,
    )
  return undefined
}

/** Scalars that cannot hold a JSON type. */
const unfitFor = (type: string, format: unknown): readonly string[] => {
  if (type === 'string') return ['Int', 'Float', 'Boolean', 'UInt32']
  if (type === 'boolean') return ['Int', 'Float', 'ID', 'Int64', 'UInt64', 'UInt32', 'DateTime', 'Duration', 'Decimal']
  if (type === 'number') return ['Int', 'Int64', 'UInt64', 'UInt32', 'Boolean', 'ID', 'DateTime']
  if (type === 'integer') return ['Boolean', 'DateTime', ...(format === 'int64' ? ['Int'] : [])]
  return type === 'object' ? ['Int', 'Float', 'Boolean', 'ID', 'String', 'DateTime'] : []
}

const checkObject = (walk: Walk, type: GraphQLObjectType, schema: OpenApiSchema): void => {
  const { context, document, seen } = walk
  const properties = propertiesOf(document, schema)
  if (properties === undefined) return
  const visit = `${type.name} ${Object.keys(properties).join(' ')}`
  if (seen.has(visit)) return
  seen.add(visit)
  for (const field of Object.values(type.getFields())) {
    const path = readPathOf(field)
    if (path === undefined || !field.astNode) continue
    const coordinate = `${type.name}.${field.name}`
    const found = follow(document, schema, path)
    if (typeof found === 'string')
      report(context, field.astNode, coordinate, {
        code: 'PORTICO-904',
        message: `What ${document.file} says of ${type.name} ${found} Name another by @from(path: "…").`,
      })
    else if (found !== undefined) checkValue(walk, { type: field.type, schema: found, coordinate, node: field.astNode })
  }
}
