import type { OperationPlan, Selection, Shape } from '../plan/plan.ts'

/** A field that an operation names and leaves out. */
export type Elided = { readonly path: readonly string[]; readonly coordinate: string }

/** What `@skip` and `@include` left out of a plan, by the plan that takes every field; paths without list positions. */
export const elidedFields = (plan: OperationPlan, whole: OperationPlan): readonly Elided[] =>
  inSelection(plan.root, whole.root, [])

const inSelection = (some: Selection, all: Selection, path: readonly string[]): readonly Elided[] =>
  all.fields.flatMap(({ key, coordinate, shape }): readonly Elided[] => {
    const taken = some.fields.find((field) => field.key === key)
    const at = [...path, key]
    return taken === undefined ? [{ path: at, coordinate }] : inShape(taken.shape, shape, at)
  })

const inShape = (some: Shape, all: Shape, path: readonly string[]): readonly Elided[] => {
  if (some.kind === 'list' && all.kind === 'list') return inShape(some.item, all.item, path)
  if (some.kind === 'object' && all.kind === 'object') return inSelection(some.selection, all.selection, path)
  if (some.kind !== 'abstract' || all.kind !== 'abstract') return []
  const found = [...all.selections].flatMap(([type, selection]) => {
    const taken = some.selections.get(type)
    return taken === undefined ? [] : inSelection(taken, selection, path)
  })
  return [...new Map(found.map((one) => [one.path.join('.'), one])).values()]
}
