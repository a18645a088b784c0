import {
  type DocumentNode,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
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
} from 'graphql'
import { type Graph, type InlineSource, isInline, type Source } from '../graph.ts'
import { rootKind } from '../roots.ts'
import { argumentsOf, planArguments } from './arguments.ts'
import { boundOf } from './bounds.ts'
import { addStep, type Building, countField, newBuilding } from './building.ts'
import { type Conditions, collectFields, fragmentsOf } from './collect.ts'
import { planCompletion } from './completion.ts'
import { bindingOf, levelOf, startsEarly } from './early.ts'
import { joinsOf } from './joins.ts'
import { masksOf, noteRead, pathsOf } from './mask.ts'
import { pathsRead } from './needs.ts'
import type { FieldValue, OperationPlan, SelectedField, Selection, Shape, Step, StepSource } from './plan.ts'
import { type Position, rootPosition } from './position.ts'
import { type Planned, readily } from './ready.ts'
import { rulesOf } from './rules.ts'

/** Plans a valid operation for one set of condition values. Throws RESOURCE_EXHAUSTED for a plan that grows too large. */
export const buildPlan = (
  graph: Graph,
  {
    document,
    operation,
    conditions,
  }: { document: DocumentNode; operation: OperationDefinitionNode; conditions: Conditions },
): OperationPlan => {
  const { schema } = graph
  const building = newBuilding(graph, { operation, conditions, fragments: fragmentsOf(document) })
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
    masks: masksOf(building.read, steps),
    joins: joinsOf(steps, operation.operation),
    tops: steps.filter(({ parent }) => parent === undefined),
    early: steps.some(({ early }) => early),
  }
}

type ToPlan = { readonly type: GraphQLObjectType; readonly sets: readonly SelectionSetNode[]; readonly at: Position }

const planSelection = (building: Building, { type, sets, at }: ToPlan): Selection => {
  const fields: SelectedField[] = []
  const collected = collectFields(building, type, sets)
  const completion = planCompletion(building, { type, names: namesOf(collected), at })
  const below = completion === undefined ? at : { ...at, parent: completion, hops: [], on: undefined, sizes: [] }
  for (const [key, nodes] of collected) {
    const [node] = nodes
    if (node !== undefined)
      fields.push(readily(planField(building, { type, key, node, nodes, at: below }), fields.length))
  }
  return { typeName: type.name, rules: at.rules, fields, completion }
}

const namesOf = (fields: ReadonlyMap<string, readonly FieldNode[]>): ReadonlySet<string> =>
  new Set([...fields.values()].map(([node]) => node?.name.value ?? ''))

type FieldToPlan = {
  readonly type: GraphQLObjectType
  readonly key: string
  readonly node: FieldNode
  readonly nodes: readonly FieldNode[]
  readonly at: Position
}

const planField = (building: Building, { type, key, node, nodes, at }: FieldToPlan): Planned => {
  const { graph, schema } = building
  countField(building)
  const name = node.name.value
  const coordinate = `${type.name}.${name}`
  if (name.startsWith('__')) return planMetaField({ key, coordinate, node, nodes })
  const field = type.getFields()[name]
  const bound = graph.fields.get(coordinate)
  if (field === undefined || bound === undefined) throw new Error(`${coordinate} is not in the graph.`)
  const isRoot = rootKind(schema, type) !== undefined
  const args = planArguments({ field, node }, building.operation)
  const guarded = {
    own: bound.rule,
    isRoot,
    result: getNamedType(field.type).name,
    argumentsOf: (variables: Readonly<Record<string, unknown>>) => argumentsOf({ field, node, args }, variables),
  }
  const rules = [...at.rules, ...rulesOf(graph, guarded)]
  const listBound = boundOf(bound.listSize, { field, node, args, name, at, coordinate })
  if (listBound.kind === 'argument' && listBound.field === field) building.slices.push(listBound)
  const sized =
    bound.listSize !== undefined && bound.listSize.sizedFields.length > 0
      ? { names: bound.listSize.sizedFields, bound: listBound }
      : undefined
  const sizes = isListType(getNullableType(field.type)) ? [listBound] : []
  const sets = nodes.flatMap(({ selectionSet }) => (selectionSet === undefined ? [] : [selectionSet]))
  const path = [...at.path, key]
  const service = answererOf(at.parent)
  if (isInline(bound.source)) {
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
  const step = addStep(building, {
    coordinate,
    path,
    level: levelOf(source, at),
    parent: at.parent,
    hops: at.hops,
    on: at.on,
    source,
    field,
    node,
    args,
    rules,
    fallback: bound.fallback,
    early: startsEarly(source, at),
    sizes: at.sizes,
    own: sizes[0],
    binding: bindingOf(source),
  })
  const partial = step.binding?.request.kind !== 'grpc'
  const below: Position = { ...rootPosition, parent: step, path, sizes, sized, partial }
  const value: FieldValue = { kind: 'step', step }
  const shape = planShape(building, { type: field.type, sets, at: below })
  noteRead(building.read, step, (inside) =>
    pathsOf(shape, [], {
      inside,
      ownOf(of, { typeName }) {
        const owner = schema.getType(typeName)
        const own = graph.fields.get(of)?.source
        return own === undefined || !isObjectType(owner) ? [] : pathsRead(graph, owner, own)
      },
    }),
  )
  return { key, coordinate, node, value, rules, service, shape }
}

/** The service whose answer a place is read from: what is completed came from above. */
const answererOf = (step: Step | undefined): string | undefined =>
  step?.source.kind === 'complete' ? answererOf(step.parent) : step?.binding?.request.service

const planMetaField = ({
  key,
  coordinate,
  node,
  nodes,
}: Omit<FieldToPlan, 'type' | 'at'> & { coordinate: string }): Planned => ({
  key,
  coordinate,
  node,
  rules: [],
  service: undefined,
  value: node.name.value === '__typename' ? { kind: 'typename' } : { kind: 'introspection', nodes },
  shape: {
    kind: 'object',
    nonNull: false,
    selection: { typeName: '__Schema', rules: [], fields: [], completion: undefined },
  },
})

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
  const variant = building.graph.variants.get(inner.name)
  const selections = building.schema.getPossibleTypes(inner).map((member) => {
    const rules = rulesOf(building.graph, { own: undefined, isRoot: false, result: member.name })
    const selection = planSelection(building, {
      type: member,
      sets,
      at: { ...at, on: { type: member.name, variant }, rules },
    })
    return [member.name, selection] as const
  })
  return { kind: 'abstract', nonNull, name: inner.name, variant, selections: new Map(selections) }
}

const stepSource = (building: Building, source: Exclude<Source, InlineSource>, type: GraphQLObjectType): StepSource => {
  if (source.kind !== 'resolver') return source
  const sets = source.needs === '' ? [] : selectionSetsOf(source.needs)
  return { ...source, selection: planSelection(building, { type, sets, at: rootPosition }) }
}

const selectionSetsOf = (needs: string): SelectionSetNode[] =>
  parse(`{ ${needs} }`).definitions.flatMap((node) =>
    node.kind === Kind.OPERATION_DEFINITION ? [node.selectionSet] : [],
  )
