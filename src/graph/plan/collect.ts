import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  isAbstractType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  visit,
} from 'graphql'
import { coerced } from './arguments.ts'

/** Values of the Boolean variables that `@skip` and `@include` read; `all` takes every field, for the worst case. */
export type Conditions = Readonly<Record<string, unknown>> | 'all'

export type Collecting = {
  readonly schema: GraphQLSchema
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly conditions: Conditions
}

export const fragmentsOf = (document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> =>
  new Map(
    document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  )

/** The fields of an object type, merged by response key (GraphQL specification §6.3.2), in order. */
export const collectFields = (
  context: Collecting,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): ReadonlyMap<string, readonly FieldNode[]> => {
  const fields = new Map<string, FieldNode[]>()
  const visited = new Set<string>()
  const add = (set: SelectionSetNode): void => {
    for (const node of set.selections) {
      if (!isIncluded(node, context.conditions)) continue
      if (node.kind === Kind.FIELD) {
        const key = node.alias?.value ?? node.name.value
        const nodes = fields.get(key)
        if (nodes === undefined) fields.set(key, [node])
        else nodes.push(node)
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        if (applies(context.schema, node.typeCondition?.name.value, type)) add(node.selectionSet)
      } else if (!visited.has(node.name.value)) {
        visited.add(node.name.value)
        const fragment = context.fragments.get(node.name.value)
        if (fragment !== undefined && applies(context.schema, fragment.typeCondition.name.value, type))
          add(fragment.selectionSet)
      }
    }
  }
  for (const set of sets) add(set)
  return fields
}

const applies = (schema: GraphQLSchema, condition: string | undefined, type: GraphQLObjectType): boolean => {
  if (condition === undefined || condition === type.name) return true
  const named = schema.getType(condition)
  return isAbstractType(named) && schema.isSubType(named, type)
}

const isIncluded = (node: SelectionNode, conditions: Conditions): boolean => {
  if (conditions === 'all' || node.directives === undefined || node.directives.length === 0) return true
  return coerced(
    () =>
      getDirectiveValues(GraphQLSkipDirective, node, conditions)?.['if'] !== true &&
      getDirectiveValues(GraphQLIncludeDirective, node, conditions)?.['if'] !== false,
  )
}

/** Names of the variables that decide which fields an operation has, sorted: a plan holds for one set of their values. */
export const conditionVariables = (document: DocumentNode, operation: OperationDefinitionNode): readonly string[] => {
  const names = new Set<string>()
  visit(document, {
    Directive: (node) => {
      if (node.name.value !== 'skip' && node.name.value !== 'include') return
      for (const { value } of node.arguments ?? []) if (value.kind === Kind.VARIABLE) names.add(value.name.value)
    },
  })
  const own = new Set(operation.variableDefinitions?.map(({ variable }) => variable.name.value))
  return [...names].filter((name) => own.has(name)).sort()
}
