import {
  type DocumentNode,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getArgumentValues,
  getNamedType,
  getNullableType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  visit,
} from 'graphql'
import type { AccessRule, Graph, Source } from '../graph.ts'
import { rootKind } from '../roots.ts'
import { boundOf } from './bounds.ts'
import { type Collecting, type Conditions, collectFields, fragmentsOf } from './collect.ts'
import { bindingOf, levelOf, startsEarly } from './early.ts'
import type { FieldValue, OperationPlan, SelectedField, Selection, Shape, Slice, Step, StepSource } from './plan.ts'
import { type Position, rootPosition } from './position.ts'

type Building = Collecting & { readonly graph: Graph; readonly steps: Step[]; readonly slices: Slice[] }

/** Plans a valid operation for one set of condition values. Throws nothing for operations that validate. */
export const buildPlan = (
  graph: Graph,
  {
    document,
    operation,
    conditions,
  }: { document: DocumentNode; operation: OperationDefinitionNode; conditions: Conditions },
): OperationPlan => {
  const { schema } = graph
  const building: Building = { graph, schema, fragments: fragmentsOf(document), conditions, steps: [], slices: [] }
  const type = schema.getRootType(operation.operation)
  if (type === undefined || type === null) throw new Error(`The schema has no ${operation.operation} type.`)
  const root = planSelection(building, { type, sets: [operation.selectionSet], at: rootPosition })
  const { steps, slices } = building
  return {
    operation,
    kind: operation.operation,
    root,
    steps,
    slices,
    tops: steps.filter(({ parent }) => parent === undefined),
  }
}

type ToPlan = { readonly type: GraphQLObjectType; readonly sets: readonly SelectionSetNode[]; readonly at: Position }

const planSelection = (building: Building, { type, sets, at }: ToPlan): Selection => {
  const fields: SelectedField[] = []
  for (const [key, nodes] of collectFields(building, type, sets)) {
    const [node] = nodes
    if (node !== undefined) fields.push(planField(building, { type, key, node, nodes, at }))
  }
  return { typeName: type.name, rules: at.rules, fields }
}

type FieldToPlan = {
  readonly type: GraphQLObjectType
  readonly key: string
  readonly node: FieldNode
  readonly nodes: readonly FieldNode[]
  readonly at: Position
}

const planField = (building: Building, { type, key, node, nodes, at }: FieldToPlan): SelectedField => {
  const { graph, schema } = building
  const name = node.name.value
  const coordinate = `${type.name}.${name}`
  if (name.startsWith('__')) return planMetaField({ key, coordinate, node, nodes })
  const field = type.getFields()[name]
  const bound = graph.fields.get(coordinate)
  if (field === undefined || bound === undefined) throw new Error(`${coordinate} is not in the graph.`)
  const isRoot = rootKind(schema, type) !== undefined
  const rules = [...at.rules, ...rulesOf(graph, { own: bound.rule, isRoot, result: getNamedType(field.type).name })]
  const listBound = boundOf(bound.listSize, { field, node, name, at, coordinate })
  if (listBound.kind === 'argument' && listBound.field === field) building.slices.push(listBound)
  const sized =
    bound.listSize !== undefined && bound.listSize.sizedFields.length > 0
      ? { names: bound.listSize.sizedFields, bound: listBound }
      : undefined
  const sizes = isListType(getNullableType(field.type)) ? [listBound] : []
  const sets = nodes.flatMap(({ selectionSet }) => (selectionSet === undefined ? [] : [selectionSet]))
  const path = [...at.path, key]
  const service = at.parent?.binding?.request.service
  if (bound.source.kind === 'read' || bound.source.kind === 'oneof') {
    const value = bound.source
    const below: Position = {
      ...at,
      path,
      hops: [...at.hops, { on: at.on, value, rules }],
      on: undefined,
      rules: [],
      sizes: [...at.sizes, ...sizes],
      sized,
    }
    return {
      key,
      coordinate,
      node,
      value,
      rules,
      service,
      shape: planShape(building, { type: field.type, sets, at: below }),
    }
  }
  const source = stepSource(building, bound.source, type)
  const step: Step & { readonly children: Step[] } = {
    id: building.steps.length,
    coordinate,
    path,
    level: levelOf(source, at),
    parent: at.parent,
    hops: at.hops,
    on: at.on,
    source,
    field,
    node,
    fixedArgs: usesVariables(node) ? undefined : getArgumentValues(field, node),
    rules,
    early: startsEarly(source, at),
    sizes: at.sizes,
    own: sizes[0],
    binding: bindingOf(source),
    children: [],
  }
  building.steps.push(step)
  if (at.parent !== undefined) (at.parent.children as Step[]).push(step)
  const below: Position = { ...rootPosition, parent: step, path, sizes, sized }
  const value: FieldValue = { kind: 'step', step }
  return {
    key,
    coordinate,
    node,
    value,
    rules,
    service,
    shape: planShape(building, { type: field.type, sets, at: below }),
  }
}

const planMetaField = ({
  key,
  coordinate,
  node,
  nodes,
}: Omit<FieldToPlan, 'type' | 'at'> & { coordinate: string }): SelectedField => ({
  key,
  coordinate,
  node,
  rules: [],
  service: undefined,
  value: node.name.value === '__typename' ? { kind: 'typename' } : { kind: 'introspection', nodes },
  shape: { kind: 'object', nonNull: false, selection: { typeName: '__Schema', rules: [], fields: [] } },
})

const rulesOf = (
  graph: Graph,
  { own, isRoot, result }: { own: AccessRule | undefined; isRoot: boolean; result: string },
): readonly AccessRule[] => {
  const first = isRoot ? (own ?? graph.rootRule) : own
  const type = graph.typeRules.get(result)
  return [first, type].filter((rule): rule is AccessRule => rule !== undefined && !rule.public)
}

const planShape = (
  building: Building,
  {
    type,
    sets,
    at,
  }: { readonly type: GraphQLOutputType; readonly sets: readonly SelectionSetNode[]; readonly at: Position },
): Shape => {
  const nonNull = isNonNullType(type)
  const inner = getNullableType(type)
  if (isListType(inner)) return { kind: 'list', nonNull, item: planShape(building, { type: inner.ofType, sets, at }) }
  if (isLeafType(inner))
    return {
      kind: 'leaf',
      nonNull,
      type: inner,
      spellings: isEnumType(inner) ? building.graph.enums.get(inner.name) : undefined,
    }
  if (isObjectType(inner))
    return { kind: 'object', nonNull, selection: planSelection(building, { type: inner, sets, at }) }
  const selections = building.schema.getPossibleTypes(inner).map((member) => {
    const rules = rulesOf(building.graph, { own: undefined, isRoot: false, result: member.name })
    const selection = planSelection(building, { type: member, sets, at: { ...at, on: member.name, rules } })
    return [member.name, selection] as const
  })
  return { kind: 'abstract', nonNull, name: inner.name, selections: new Map(selections) }
}

const stepSource = (
  building: Building,
  source: Exclude<Source, { kind: 'read' | 'oneof' }>,
  type: GraphQLObjectType,
): StepSource => {
  if (source.kind !== 'resolver') return source
  const sets = source.needs === '' ? [] : selectionSetsOf(source.needs)
  return { ...source, selection: planSelection(building, { type, sets, at: rootPosition }) }
}

const selectionSetsOf = (needs: string): SelectionSetNode[] =>
  parse(`{ ${needs} }`).definitions.flatMap((node) =>
    node.kind === Kind.OPERATION_DEFINITION ? [node.selectionSet] : [],
  )

const usesVariables = (node: FieldNode): boolean => {
  let found = false
  for (const argument of node.arguments ?? [])
    visit(argument, {
      Variable: () => {
        found = true
      },
    })
  return found
}
