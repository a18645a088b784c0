import {
  type DocumentNode,
  executeSync,
  GraphQLError,
  getOperationAST,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  validate,
  visit,
} from 'graphql'
import { LRUCache } from 'lru-cache'
import { Problem } from '../kernel/problem.ts'
import type { Graph } from './graph.ts'
import { documentRules, type OperationLimits } from './limits.ts'
import { buildPlan } from './plan/build.ts'
import { conditionVariables } from './plan/collect.ts'
import type { OperationPlan } from './plan/plan.ts'
import { type PlannedVariable, planVariables } from './variables.ts'

/** A valid operation of a document, reduced to itself and the fragments it spreads. */
export type Operation = {
  readonly document: DocumentNode
  readonly node: OperationDefinitionNode
  readonly variables: readonly PlannedVariable[]
  /** Whether `@skip` or `@include` reads a variable, so that there are several plans. */
  readonly conditional: boolean
  /** The plan for one set of variables: those of `@skip` and `@include` decide which. */
  readonly plan: (variables: Readonly<Record<string, unknown>>) => OperationPlan
}

/** Plans kept for one operation: one for each combination of its conditions, the least used dropped. */
const plansPerOperation = 32

export const makeOperation = (graph: Graph, document: DocumentNode, node: OperationDefinitionNode): Operation => {
  const reduced = reduceTo(document, node)
  const names = conditionVariables(reduced, node)
  const variables = planVariables(graph.schema, node)
  if (names.length === 0) {
    let plan: OperationPlan | undefined
    return {
      document: reduced,
      node,
      variables,
      conditional: false,
      plan: () => (plan ??= buildPlan(graph, { document: reduced, operation: node, conditions: {} })),
    }
  }
  const plans = new LRUCache<string, OperationPlan>({ max: plansPerOperation })
  return {
    document: reduced,
    node,
    variables,
    conditional: true,
    plan(values) {
      const key = names.map((name) => String(values[name])).join()
      let plan = plans.get(key)
      if (plan === undefined)
        plans.set(key, (plan = buildPlan(graph, { document: reduced, operation: node, conditions: values })))
      return plan
    },
  }
}

/** The whole worst case of an operation: every conditional field taken. For explaining and counting. */
export const worstCasePlan = (graph: Graph, { document, node }: Pick<Operation, 'document' | 'node'>): OperationPlan =>
  buildPlan(graph, { document, operation: node, conditions: 'all' })

/** The same, or why it grows too large. */
export const wholePlan = (graph: Graph, operation: Operation): OperationPlan | Problem => {
  try {
    return worstCasePlan(graph, operation)
  } catch (thrown) {
    if (thrown instanceof Problem) return thrown
    throw thrown
  }
}

/** Only the operation and the fragments it reaches: nothing else of the document can be executed by accident. */
const reduceTo = (document: DocumentNode, node: OperationDefinitionNode): DocumentNode => {
  const fragments = new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
    ),
  )
  const used = new Set<string>()
  const collect = (from: Parameters<typeof visit>[0]): void => {
    visit(from, {
      FragmentSpread: ({ name }) => {
        const fragment = fragments.get(name.value)
        if (used.has(name.value) || fragment === undefined) return
        used.add(name.value)
        collect(fragment)
      },
    })
  }
  collect(node)
  return { kind: Kind.DOCUMENT, definitions: [node, ...[...used].flatMap((name) => fragments.get(name) ?? [])] }
}

export type OperationStore = {
  /** The named operation of a document, or what is wrong with it: errors as the GraphQL specification words them. */
  readonly find: (source: string, operationName: string | undefined) => Operation | readonly GraphQLError[]
}

export type OperationStoreOptions = {
  readonly graph: Graph
  readonly limits: OperationLimits
  readonly introspection: boolean
  /** Whether error messages may suggest names of the schema. */
  readonly suggestions: boolean
}

/** Documents kept parsed and checked; a document that is wrong is remembered as such. */
const documents = 1_000

/** Parses, validates and remembers documents. A document's operations share nothing but its text. */
export const createOperationStore = ({
  graph,
  limits,
  introspection,
  suggestions,
}: OperationStoreOptions): OperationStore => {
  const rules = [...documentRules(limits), ...(introspection ? [] : [NoSchemaIntrospectionCustomRule])]
  const known = new LRUCache<string, Operation | readonly GraphQLError[]>({
    max: documents,
    maxSize: 16_777_216,
    sizeCalculation: (_operation, key) => key.length + 1_024,
  })
  const read = (source: string, operationName: string | undefined): Operation | readonly GraphQLError[] => {
    try {
      const document = parse(source, { maxTokens: limits.tokens })
      const errors = validate(graph.clientSchema, document, rules, {
        maxErrors: 20,
        hideSuggestions: !suggestions,
      })
      if (errors.length > 0) return errors
      const node = getOperationAST(document, operationName)
      return node ? makeOperation(graph, document, node) : [new GraphQLError(missingOperation(operationName))]
    } catch (error) {
      if (error instanceof GraphQLError) return [error]
      // graphql-js parses and visits by recursion; only a large limits.tokens lets a document come so deep.
      if (error instanceof RangeError) return [new GraphQLError('The document is nested too deeply.')]
      throw error
    }
  }
  return {
    find(source, operationName) {
      // The length keeps name and source apart: nobody can plant an answer to another's document.
      const key = `${operationName?.length ?? ''}:${operationName ?? ''}${source}`
      let found = known.get(key)
      if (found === undefined) known.set(key, (found = read(source, operationName)))
      return found
    },
  }
}

const missingOperation = (name: string | undefined): string =>
  name === undefined
    ? 'The document has several operations; name one by operationName.'
    : `The document has no operation named ${name}.`

/** Values of the `__schema` and `__type` fields of a plan, by response key; undefined where it has none. */
export const introspect = (
  { clientSchema }: Graph,
  { document, node }: Operation,
  { plan, variables }: { readonly plan: OperationPlan; readonly variables: Readonly<Record<string, unknown>> },
): Readonly<Record<string, unknown>> | undefined => {
  if (!plan.root.fields.some(({ value }) => value.kind === 'introspection')) return undefined
  const selections = plan.root.fields.flatMap(({ value }) => (value.kind === 'introspection' ? value.nodes : []))
  const only: OperationDefinitionNode = { ...node, selectionSet: { kind: Kind.SELECTION_SET, selections } }
  const definitions = document.definitions.map((definition) => (definition === node ? only : definition))
  const { data } = executeSync({
    schema: clientSchema,
    document: { ...document, definitions },
    variableValues: variables,
  })
  return data ?? undefined
}
