import type { Binding } from '../graph.ts'
import { templatesOf } from '../request.ts'
import { expressionsOf, type Template } from '../template.ts'
import type { StepSource } from './plan.ts'
import type { Position } from './position.ts'

/** The binding behind a step; undefined for a resolver. */
export const bindingOf = (source: StepSource): Binding | undefined =>
  source.kind === 'call' ? source.binding : source.kind === 'resolver' ? undefined : source.entity.binding

/** One level below the parent step, or its own level for a step that starts with it. A completion is counted as if nothing lacked. */
export const levelOf = (source: StepSource, at: Position): number =>
  at.parent === undefined
    ? 0
    : startsEarly(source, at) || at.parent.source.kind === 'complete'
      ? at.parent.level
      : at.parent.level + 1

/**
 * An entity loaded by id has that id, so a child that needs only the id need not wait for it. Safe calls only:
 * the answer may have to be dropped.
 */
export const startsEarly = (source: StepSource, { parent, hops }: Position): boolean => {
  const binding = bindingOf(source)
  if (parent?.source.kind !== 'load' || hops.length > 0 || binding?.safe !== true || !parent.source.entity.binding.safe)
    return false
  const [{ name: key } = { name: '' }, ...others] = parent.source.entity.keys
  if (others.length > 0) return false
  if (source.kind === 'complete') return false
  if (source.kind === 'load') return needsOnly(source.by, key)
  return (
    needsOnly(templatesOf(binding.request), key) &&
    (binding.batch === undefined || binding.batch.keys.every(({ name }) => name === key))
  )
}

/** Whether templates read nothing of their parent but one field, whole. */
export const needsOnly = (templates: readonly Template[], key: string): boolean => {
  const own = templates.flatMap(expressionsOf).filter(({ root }) => root === 'this')
  return own.every(
    ({ field, text }) => field === key && text.startsWith(`this.${key}`) && !text.startsWith(`this.${key}.`),
  )
}
