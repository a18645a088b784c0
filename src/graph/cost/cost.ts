import {
  type GraphQLField,
  type GraphQLInputType,
  getArgumentValues,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isObjectType,
  Kind,
  visit,
} from 'graphql'
import { Problem } from '../../kernel/problem.ts'
import type { Graph } from '../graph.ts'
import type { OperationPlan, SelectedField, Selection, Shape } from '../plan/plan.ts'
import { type Weights, weightAt } from './weights.ts'

/** The bound on what operations may cost: `measure` only counts, `enforce` also refuses. */
export type CostLimit = { readonly max: number; readonly mode: 'measure' | 'enforce' }

/** Refuses what costs more than it may. Throws RESOURCE_EXHAUSTED, with both figures. */
export const refuseCostly = (cost: number, { max, mode }: CostLimit): void => {
  if (mode === 'enforce' && cost > max)
    throw new Problem('RESOURCE_EXHAUSTED', `The operation costs ${cost}; at most ${max} is allowed.`, {
      status: 400,
      reason: 'COST_LIMIT',
    })
}

type Variables = Readonly<Record<string, unknown>>

/** What an operation costs with its variables, before it runs. Throws INVALID_ARGUMENT where slicing arguments are not as they should be. */
export type CostMeter = (plan: OperationPlan, variables: Variables) => number

/**
 * Static cost after the IBM GraphQL cost directive specification, as one figure: a field costs its arguments, and
 * for each item it may return its weight and what is selected below; of an interface or union the dearest type
 * counts. A list of unknown size is taken for `listSize` long. Costs one walk over the plan for each request, and
 * one for all of them where no argument holds a variable.
 */
export const costMeter = (
  graph: Graph,
  { weights, listSize, strict }: { readonly weights: Weights; readonly listSize: number; readonly strict: boolean },
): CostMeter => {
  const fixed = new WeakMap<OperationPlan, number>()
  return (plan, variables) => {
    const known = fixed.get(plan)
    if (known !== undefined) return known
    const walk: Walk = { graph, weights, listSize, strict, variables, varies: false }
    // To a thousandth: sums of decimals would show more digits than anybody wrote.
    const cost = Math.round(Math.max(0, costOfSelection(walk, plan.root, undefined)) * 1_000) / 1_000
    if (!walk.varies) fixed.set(plan, cost)
    return cost
  }
}

type Walk = {
  readonly graph: Graph
  readonly weights: Weights
  readonly listSize: number
  /** Whether slicing arguments are checked. */
  readonly strict: boolean
  readonly variables: Variables
  /** Whether an argument came from a variable. */
  varies: boolean
}

/** Lists below a field whose length that field's arguments say. */
type Sized = { readonly names: readonly string[]; readonly size: number } | undefined

const costOfSelection = (walk: Walk, { fields, typeName }: Selection, sized: Sized): number => {
  let cost = 0
  for (const field of fields) cost += costOfField(walk, field, { typeName, sized })
  return cost
}

const costOfField = (
  walk: Walk,
  { node, coordinate, value, shape }: SelectedField,
  { typeName, sized }: { readonly typeName: string; readonly sized: Sized },
): number => {
  if (value.kind === 'typename' || value.kind === 'introspection') return 0
  const owner = walk.graph.schema.getType(typeName)
  const field = isObjectType(owner) ? owner.getFields()[node.name.value] : undefined
  if (field === undefined) return 0
  const args = argumentsOf(walk, field, node)
  const above = sized?.names.includes(field.name) === true ? sized.size : undefined
  const { size, below } = sizesOf(walk, { field, coordinate, args, above })
  const weight = weightAt(walk.weights, coordinate, field.type)
  return costOfArguments(walk, { field, coordinate, args }) + size * (weight + costBelow(walk, shape, below))
}

const costBelow = (walk: Walk, shape: Shape, sized: Sized): number => {
  switch (shape.kind) {
    case 'leaf':
      return 0
    case 'list':
      return costBelow(walk, shape.item, sized)
    case 'object':
      return costOfSelection(walk, shape.selection, sized)
    case 'abstract':
      return Math.max(0, ...[...shape.selections.values()].map((one) => costOfSelection(walk, one, sized)))
  }
}

type Field = GraphQLField<unknown, unknown>
type Arguments = Readonly<Record<string, unknown>>

const argumentsOf = (walk: Walk, field: Field, node: SelectedField['node']): Arguments => {
  if (field.args.length === 0) return {}
  visit(
    { kind: Kind.FIELD, name: node.name, arguments: node.arguments ?? [] },
    {
      Variable() {
        walk.varies = true
      },
    },
  )
  return getArgumentValues(field, node, walk.variables)
}

/** How many items a field returns at most, and what that says of the lists below it. */
const sizesOf = (
  walk: Walk,
  { field, coordinate, args, above }: { field: Field; coordinate: string; args: Arguments; above: number | undefined },
): { readonly size: number; readonly below: Sized } => {
  const list = isListType(getNullableType(field.type))
  const declared = walk.graph.fields.get(coordinate)?.listSize
  if (declared === undefined) return { size: list ? (above ?? walk.listSize) : 1, below: undefined }
  const { slicingArguments, sizedFields, assumedSize } = declared
  const given = slicingArguments.map((name) => args[name]).filter((value) => value !== undefined && value !== null)
  if (walk.strict && slicingArguments.length > 0 && given.length !== 1 && !walk.weights.anySlicing.has(coordinate))
    throw new Problem(
      'INVALID_ARGUMENT',
      `${field.name} wants exactly one of ${slicingArguments.join(', ')}; ${given.length} are given.`,
    )
  const lengths = given.map((value) => (Array.isArray(value) ? value.length : Number(value)))
  const sliced = lengths.length === 0 ? undefined : Math.max(0, ...lengths)
  const size = sliced ?? above ?? assumedSize ?? walk.listSize
  if (sizedFields.length > 0) return { size: 1, below: { names: sizedFields, size } }
  return { size: list ? size : 1, below: undefined }
}

const costOfArguments = (
  walk: Walk,
  { field, coordinate, args }: { field: Field; coordinate: string; args: Arguments },
): number => {
  let cost = 0
  for (const { name, type } of field.args)
    if (Object.hasOwn(args, name)) cost += costOfInput(walk, `${coordinate}(${name}:)`, { value: args[name], type })
  return cost
}

const costOfInput = (
  walk: Walk,
  coordinate: string,
  { value, type }: { readonly value: unknown; readonly type: GraphQLInputType },
): number => {
  if (value === null || value === undefined) return 0
  if (Array.isArray(value))
    return value.reduce((sum: number, item) => sum + costOfInput(walk, coordinate, { value: item, type }), 0)
  const named = getNamedType(type)
  let cost = weightAt(walk.weights, coordinate, named)
  if (isInputObjectType(named))
    for (const field of Object.values(named.getFields()))
      cost += costOfInput(walk, `${named.name}.${field.name}`, {
        value: (value as Arguments)[field.name],
        type: field.type,
      })
  return cost
}
