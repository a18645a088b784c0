import { LRUCache } from 'lru-cache'
import type { Json } from '../../kernel/json.ts'
import type { ExecutionRequest, KnownAnswers } from '../execute/execution.ts'
import type { Exchanged } from '../execute/loads.ts'
import type { Written } from '../execute/write.ts'
import type { OperationPlan } from '../plan/plan.ts'
import { inputsOf, type PlanInputs, valuesOf } from './inputs.ts'

/** All that is kept, and the longest of it, in characters; and what an entry takes by itself. */
const keptSize = 8_388_608
const longestText = 262_144
const entrySize = 256

type Known = { readonly id: number; readonly inputs: PlanInputs | undefined }

/**
 * Answers that come again are not written again. An answer is made of its plan, of what the plan reads of its request
 * and of what the services said, and of nothing else (`inputsOf`): where all of them are the same, so is its text.
 * Every service was asked; this is the memory of a function, no cache. What services said is told apart by identity:
 * only frozen objects, which nobody can have changed meanwhile, are known again (`rest/body-reader.ts` gives the same
 * one for the same bytes).
 */
export const createKnownAnswers = (): KnownAnswers => {
  const kept = new LRUCache<string, Written>({
    maxSize: keptSize,
    sizeCalculation: ({ text = '' }, key) => text.length + key.length + entrySize,
  })
  const plans = new WeakMap<OperationPlan, Known>()
  const names = new WeakMap<object, number>()
  let next = 1
  const known = (plan: OperationPlan): Known => {
    let found = plans.get(plan)
    if (found === undefined) plans.set(plan, (found = { id: next++, inputs: inputsOfKnown(plan) }))
    return found
  }
  /** A number that only this object ever has; undefined for what may change, or has no identity. */
  const nameOf = (output: Json | undefined): number | undefined => {
    if (output === null) return 0
    if (typeof output !== 'object') return undefined
    const name = names.get(output)
    if (name !== undefined || !Object.isFrozen(output)) return name
    names.set(output, next)
    return next++
  }
  const keyOf = (request: ExecutionRequest, exchanges: readonly Exchanged[]): string | undefined => {
    let said = ''
    for (const { binding, asked, output } of exchanges) {
      const name = nameOf(output)
      if (name === undefined) return undefined
      said += `${binding} ${name} ${asked}\n`
    }
    const { id, inputs } = known(request.plan)
    return inputs === undefined ? undefined : `${id}\n${said}${valuesOf(inputs, request)}`
  }
  return {
    written(request, exchanges, write) {
      // Without a call there is nothing to tell by that it comes again.
      const key = exchanges.length === 0 || request.introspection !== undefined ? undefined : keyOf(request, exchanges)
      if (key === undefined) return write()
      const again = kept.get(key)
      if (again !== undefined) return again
      const written = write()
      if (written.failures.length === 0 && written.text !== undefined && written.text.length <= longestText)
        kept.set(key, { ...written, same: {} })
      return written
    },
  }
}

/** Functions are asked each time, pure or not, and each refusal is to be counted: neither is remembered. */
const inputsOfKnown = (plan: OperationPlan): PlanInputs | undefined => {
  if (plan.steps.some(({ source }) => source.kind === 'resolver')) return undefined
  const inputs = inputsOf(plan)
  return inputs.shareable && inputs.rules.length === 0 ? inputs : undefined
}
