import type { GraphQLObjectType } from 'graphql'
import { addStep, type Building } from './building.ts'
import { levelOf } from './early.ts'
import { noteRead } from './mask.ts'
import { neededOf } from './needs.ts'
import type { Step, StepSource } from './plan.ts'
import type { Position } from './position.ts'

/** The step that completes entities of a place; undefined where none can lack what is asked. */
export const planCompletion = (
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
