import {
  type DocumentNode,
  type FieldNode,
  GraphQLBoolean,
  GraphQLID,
  GraphQLInt,
  type GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLString,
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
import { Problem } from '../../kernel/problem.ts'
import { type Graph, type InlineSource, isInline, type Source } from '../graph.ts'
import { rootKind } from '../roots.ts'
import { argumentsOf, planArguments } from './arguments.ts'
import { boundOf } from './bounds.ts'
import { type Collecting, type Conditions, collectFields, fragmentsOf } from './collect.ts'
import { bindingOf, levelOf, startsEarly } from './early.ts'
import { joinsOf } from './joins.ts'
import { masksOf, noteRead, pathsOf, type ReadByMasks } from './mask.ts'
import { neededOf, pathsRead } from './needs.ts'
import type { FieldValue, OperationPlan, SelectedField, Selection, Shape, Slice, Step, StepSource } from './plan.ts'
import { type Position, rootPosition } from './position.ts'
import { rulesOf } from './rules.ts'

type Building = Collecting & {
  readonly graph: Graph
  readonly operation: OperationDefinitionNode
  readonly steps: Step[]
  readonly slices: Slice[]
  readonly read: ReadByMasks
  /** Fields planned so far. */
  fields: number
}

/**
 * A field below interfaces and unions is planned once for each type that may stand there, so that a small document
 * nested in them can be a large plan.
 */
const most = { fields: 50_000, steps: 5_000 } as const

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
  const fragments = fragmentsOf(document)
  const building: Building = {
    graph,
    schema,
    operation,
    fragments,
    conditions,
    steps: [],
    slices: [],
    read: new Map(),
    fields: 0,
  }
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

/** The step that completes entities of a place; undefined where none can lack what is asked. */
const planCompletion = (
  building: Building,
  { type, names, at }: { readonly type: GraphQLObjectType; readonly names: ReadonlySet<string>; readonly at: Position },
): Step | undefined => {
  const entity = building.graph.entities.get(type.name)
  const own = at.parent?.source.kind === 'load' && at.hops.length === 0
  if (entity === undefined || at.parent === undefined || own || !at.partial) return undefined
  const needed = neededOf(building.graph, { type, names, keys: entity.keys })
  if (needed.length === 0) return undefined
  const source: StepSource = { kind: 'complete', entity, needed }
  const { field, node } = at.parent
  const step = addStep(building, {
    coordinate: type.name,
    path: at.path,
    level: levelOf(source, at),
    parent: at.parent,
    hops: at.hops,
    on: at.on,
    source,
    field,
    node,
    args: { kind: 'fixed', values: {} },
    rules: at.rules,
    fallback: undefined,
    early: false,
    sizes: at.sizes,
    own: undefined,
    binding: entity.binding,
  })
  noteRead(building.read, step, () => needed.map(({ path }) => path))
  return step
}

const addStep = (building: Building, given: Omit<Step, 'id' | 'children'>): Step => {
  if (building.steps.length >= most.steps) throw tooLarge(`${most.steps} places that make calls`)
  const step: Step = { id: building.steps.length, ...given, children: [] }
  building.steps.push(step)
  if (step.parent !== undefined) (step.parent.children as Step[]).push(step)
  return step
}

type Planned = Omit<SelectedField, 'label' | 'member' | 'leaf'>

/** A field with what the writer of answers would find out again for every object. */
const readily = (field: Planned, index: number): SelectedField => {
  const { key, value, rules, shape } = field
  const leaf = shape.kind === 'leaf' ? plainKinds.get(shape.type) : undefined
  const single = value.kind === 'read' && value.path.length === 1 && value.path[0] !== '__proto__'
  return {
    ...field,
    label: `${index === 0 ? '{' : ','}${JSON.stringify(key)}:`,
    leaf,
    member: leaf !== undefined && single && rules.length === 0 ? value.path[0] : undefined,
  }
}

const plainKinds: ReadonlyMap<GraphQLOutputType, SelectedField['leaf']> = new Map<
  GraphQLOutputType,
  SelectedField['leaf']
>([
  [GraphQLString, 'text'],
  [GraphQLID, 'text'],
  [GraphQLInt, 'int'],
  [GraphQLBoolean, 'truth'],
])

type FieldToPlan = {
  readonly type: GraphQLObjectType
  readonly key: string
  readonly node: FieldNode
  readonly nodes: readonly FieldNode[]
  readonly at: Position
}

const planField = (building: Building, { type, key, node, nodes, at }: FieldToPlan): Planned => {
  const { graph, schema } = building
  building.fields += 1
  if (building.fields > most.fields) throw tooLarge(`${most.fields} fields`)
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

const tooLarge = (what: string): Problem =>
  new Problem(
    'RESOURCE_EXHAUSTED',
    `The plan of this operation has more than ${what}: interfaces and unions inside of each other multiply it. Select less below them.`,
    { status: 400 },
  )

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
