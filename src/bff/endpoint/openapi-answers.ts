import { isDeepStrictEqual } from 'node:util'
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNullableType,
  isAbstractType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  Kind,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  typeFromAST,
} from 'graphql'
import type { JsonSchema } from '../../kernel/openapi.ts'
import type { EndpointPlan } from './endpoint.ts'
import { described, leafSchema, type NamedSchemas, orNull } from './openapi-values.ts'

/** Fields that every type or the root has without naming them (GraphQL specification §4.1). */
const metaFields: ReadonlyMap<string, GraphQLField<unknown, unknown>> = new Map(
  [TypeNameMetaFieldDef, SchemaMetaFieldDef, TypeMetaFieldDef].map((field) => [field.name, field]),
)

type Context = {
  readonly schema: GraphQLSchema
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly endpoint: EndpointPlan
  readonly named: NamedSchemas
  /** What the object that is the body may have beside its fields. */
  readonly besides: Readonly<Record<string, JsonSchema>>
}

/** The body of an endpoint's answer, as its operation selects it. */
export const answerSchema = (
  endpoint: EndpointPlan,
  { schema, named, besides }: Pick<Context, 'schema' | 'named' | 'besides'>,
): JsonSchema => {
  const { document, node } = endpoint.operation
  const fragments = new Map(
    document.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [])),
  )
  const context: Context = { schema, fragments, endpoint, named, besides }
  const root = schema.getRootType(node.operation)
  if (!root) return {}
  return inside(
    context,
    { type: root, sets: [node.selectionSet], path: [], nullable: false, item: false },
    endpoint.unwrap,
  )
}

/** An object at one place of an answer. */
type At = {
  readonly type: GraphQLObjectType
  readonly sets: readonly SelectionSetNode[]
  /** Names from the data's root; those of items are their list's. */
  readonly path: readonly string[]
  readonly nullable: boolean
  /** Whether it stands in a list. */
  readonly item: boolean
}

/** The schema of what stands under `unwrap`, null where something on the way may be null. */
const inside = (context: Context, at: At, [key, ...rest]: readonly string[]): JsonSchema => {
  if (key === undefined) return nullIf(at.nullable, objectSchema(context, at))
  const field = fieldsOf(context, at.type, at.sets).get(key)
  if (field === undefined) return {}
  const path = [...at.path, key]
  const nullable = at.nullable || field.conditional || mayBeNull(context, field, path)
  const bare = getNullableType(field.type)
  if (isObjectType(bare) && rest.length > 0)
    return inside(context, { type: bare, sets: field.sets, path, nullable, item: false }, rest)
  return nullIf(nullable, valueSchema(context, bare, { sets: field.sets, path, item: false }))
}

const nullIf = (nullable: boolean, schema: JsonSchema): JsonSchema => (nullable ? orNull(schema) : schema)

type Selected = {
  readonly name: string
  readonly type: GraphQLOutputType
  readonly description: string | null | undefined
  readonly deprecated: boolean
  readonly sets: SelectionSetNode[]
  /** Whether it is absent for some variables. */
  conditional: boolean
}

const mayBeNull = ({ endpoint }: Context, { type }: Selected, path: readonly string[]): boolean =>
  !isNonNullType(type) && !endpoint.require.some((required) => path.every((name, index) => required[index] === name))

/** The fields of one object type by their names in the answer. */
const fieldsOf = (
  context: Context,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): ReadonlyMap<string, Selected> => {
  const found = new Map<string, Selected>()
  const collect = ({ selections }: SelectionSetNode, above: boolean): void => {
    for (const selection of selections) {
      const conditional = above || isConditional(selection)
      if (selection.kind === Kind.FIELD) addField(found, { type, node: selection, conditional })
      else {
        const fragment =
          selection.kind === Kind.INLINE_FRAGMENT ? selection : context.fragments.get(selection.name.value)
        if (fragment !== undefined && applies(context.schema, type, fragment.typeCondition))
          collect(fragment.selectionSet, conditional)
      }
    }
  }
  for (const set of sets) collect(set, false)
  return found
}

const isConditional = ({ directives = [] }: Pick<FieldNode, 'directives'>): boolean =>
  directives.some(({ name }) => name.value === 'skip' || name.value === 'include')

const applies = (
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  condition: FragmentDefinitionNode['typeCondition'] | undefined,
): boolean => {
  if (condition === undefined) return true
  const on = typeFromAST(schema, condition)
  return on === type || (isAbstractType(on) && schema.isSubType(on, type))
}

const addField = (
  found: Map<string, Selected>,
  {
    type,
    node,
    conditional,
  }: { readonly type: GraphQLObjectType; readonly node: FieldNode; readonly conditional: boolean },
): void => {
  const key = node.alias?.value ?? node.name.value
  const known = found.get(key)
  if (known !== undefined) {
    known.conditional &&= conditional
    if (node.selectionSet !== undefined) known.sets.push(node.selectionSet)
    return
  }
  const field = metaFields.get(node.name.value) ?? type.getFields()[node.name.value]
  if (field === undefined) return
  found.set(key, {
    name: node.name.value,
    type: field.type,
    description: field === TypeNameMetaFieldDef ? undefined : field.description,
    deprecated: typeof field.deprecationReason === 'string',
    sets: node.selectionSet === undefined ? [] : [node.selectionSet],
    conditional,
  })
}

type Place = Pick<At, 'sets' | 'path' | 'item'>

const valueSchema = (context: Context, type: GraphQLOutputType, place: Place): JsonSchema => {
  const bare = getNullableType(type)
  if (isListType(bare)) {
    const items = valueSchema(context, bare.ofType, { ...place, item: true })
    return { type: 'array', items: nullIf(!isNonNullType(bare.ofType), items) }
  }
  if (isScalarType(bare) || isEnumType(bare)) return leafSchema(bare, context.named)
  if (isObjectType(bare)) return objectSchema(context, { ...place, type: bare, nullable: false })
  if (!isAbstractType(bare)) return {}
  const members = context.schema
    .getPossibleTypes(bare)
    .map((member) => objectSchema(context, { ...place, type: member, nullable: false }, member.name))
  const distinct = members.filter((one, index) => members.findIndex((other) => isDeepStrictEqual(one, other)) === index)
  return distinct.length === 1 ? (distinct[0] ?? {}) : described({ anyOf: distinct }, bare.description)
}

/** The object as a named schema: `MyDashboardMeRecent`; where its place may hold several types, with the type's name at the end. */
const objectSchema = (context: Context, { type, sets, path, item }: At, member = ''): JsonSchema => {
  const properties: Record<string, JsonSchema> = {}
  const required: string[] = []
  for (const [key, field] of fieldsOf(context, type, sets)) {
    const at = [...path, key]
    const schema =
      field.name === '__typename'
        ? { type: 'string', const: type.name }
        : nullIf(
            mayBeNull(context, field, at),
            valueSchema(context, field.type, { sets: field.sets, path: at, item: false }),
          )
    properties[key] = { ...described(schema, field.description), ...(field.deprecated ? { deprecated: true } : {}) }
    if (!field.conditional) required.push(key)
  }
  const { endpoint, named, besides } = context
  const isBody =
    !item && path.length === endpoint.unwrap.length && path.every((name, index) => name === endpoint.unwrap[index])
  const name = [endpoint.name, ...path, member].map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  const isRoot = path.length === 0
  return named.own(
    name,
    described(
      {
        type: 'object',
        properties: isBody ? { ...properties, ...besides } : properties,
        ...(required.length === 0 ? {} : { required }),
      },
      isRoot ? undefined : type.description,
    ),
  )
}
