import type { OperationDefinitionNode } from 'graphql'
import { Problem } from '../../kernel/problem.ts'
import type { Graph } from '../graph.ts'
import type { Collecting } from './collect.ts'
import type { ReadByMasks } from './mask.ts'
import type { Slice, Step } from './plan.ts'

/** A plan as it grows. */
export type Building = Collecting & {
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

export const newBuilding = (
  graph: Graph,
  asked: Pick<Building, 'operation' | 'conditions' | 'fragments'>,
): Building => ({ graph, schema: graph.schema, ...asked, steps: [], slices: [], read: new Map(), fields: 0 })

/** Adds a step below its parent. Throws RESOURCE_EXHAUSTED where there are too many. */
export const addStep = (building: Building, given: Omit<Step, 'id' | 'children'>): Step => {
  if (building.steps.length >= most.steps) throw tooLarge(`${most.steps} places that make calls`)
  const step: Step = { id: building.steps.length, ...given, children: [] }
  building.steps.push(step)
  if (step.parent !== undefined) (step.parent.children as Step[]).push(step)
  return step
}

/** Throws RESOURCE_EXHAUSTED where there are too many. */
export const countField = (building: Building): void => {
  building.fields += 1
  if (building.fields > most.fields) throw tooLarge(`${most.fields} fields`)
}

const tooLarge = (what: string): Problem =>
  new Problem(
    'RESOURCE_EXHAUSTED',
    `The plan of this operation has more than ${what}: interfaces and unions inside of each other multiply it. Select less below them.`,
    { status: 400 },
  )
