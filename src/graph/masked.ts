import { maskJson } from '../kernel/mask/json.ts'
import type { Masker } from '../kernel/mask/masker.ts'
import { nowhere, type Place } from '../kernel/mask/path.ts'
import type { ExecutionResult } from './execute/execute.ts'
import type { OperationPlan, Selection, Shape } from './plan/plan.ts'

/**
 * A result with its text masked. Paths are names of fields, whatever aliases the operation gives them; what is removed
 * is null.
 */
export const maskResult = <Result extends ExecutionResult>(
  result: Result,
  plan: OperationPlan,
  masker: Masker,
): Result => {
  const { text } = result
  if (text === undefined) return result
  if (!mayMask(plan, masker)) return result
  const masked = maskJson(text, masker, { root: placeIn(plan, masker), removed: 'null' })
  // What is remembered of the whole text, such as its validator, is nothing to who gets another.
  return masked === text ? result : { ...result, text: masked, same: undefined }
}

/** Whether anything of an answer may be masked. */
export const mayMask = (plan: OperationPlan, masker: Masker): boolean =>
  masker.patterned || placeIn(plan, masker) !== nowhere

/** Plans are few and run often, and so are maskers. */
const known = new WeakMap<Masker, WeakMap<OperationPlan, Place>>()

const placeIn = (plan: OperationPlan, masker: Masker): Place => {
  let places = known.get(masker)
  if (places === undefined) known.set(masker, (places = new WeakMap()))
  let place = places.get(plan)
  if (place === undefined) places.set(plan, (place = placeOf([{ selection: plan.root, inner: masker.root }])))
  return place
}

type Standing = { readonly selection: Selection; readonly inner: Place }

/** A place by the keys of an answer. Where several types may stand, a key may be of several fields: any of them hides it. */
const placeOf = (standing: readonly Standing[]): Place => {
  const members = new Map<string, { hit: Place['hit']; below: Standing[]; inside: Place[] }>()
  for (const { selection, inner } of standing)
    for (const { key, node, value, shape } of selection.fields) {
      if (value.kind === 'introspection' || value.kind === 'typename') continue
      const next = inner.step(node.name.value)
      if (next === nowhere) continue
      const member = members.get(key) ?? { hit: undefined, below: [], inside: [] }
      members.set(key, member)
      member.hit ??= next.hit
      const selections = selectionsOf(shape)
      for (const one of selections) member.below.push({ selection: one, inner: next })
      if (selections.length === 0) member.inside.push(next)
    }
  const steps = new Map<string, Place>()
  for (const [key, { hit, below, inside }] of members) {
    const deeper = placeOf(below)
    // What a JSON scalar holds has names of its own.
    const step = inside.length === 0 ? deeper.step : (name: string) => inside[0]?.step(name) ?? nowhere
    if (hit !== undefined || deeper !== nowhere || inside.length > 0) steps.set(key, { hit, step })
  }
  return steps.size === 0 ? nowhere : { hit: undefined, step: (key) => steps.get(key) ?? nowhere }
}

const selectionsOf = (shape: Shape): readonly Selection[] => {
  if (shape.kind === 'list') return selectionsOf(shape.item)
  if (shape.kind === 'object') return [shape.selection]
  return shape.kind === 'abstract' ? [...shape.selections.values()] : []
}
