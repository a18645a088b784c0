import { createHash } from 'node:crypto'
import { asProblem } from '../../kernel/problem.ts'
import type { CallContext } from '../../services/call.ts'
import { type Binding, type FallbackRule, isBatched } from '../graph.ts'
import type { Step } from '../plan/plan.ts'
import { renderRequest } from '../request.ts'
import { noCall } from '../template.ts'
import type { Execution } from './execution.ts'
import { isKey, keyIn, keyTemplates } from './keys.ts'
import { noArgs } from './loads.ts'
import { Fallback } from './stand-in.ts'

/** What is no failure of a call: the answer that there is nothing, and what is the caller's own doing. */
const final: ReadonlySet<string> = new Set([
  'CANCELLED',
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
])

/** Puts fallbacks in the place of failures among a step's results, and keeps what came well. */
export const fallBack = (
  execution: Execution,
  { step, rule, results }: { readonly step: Step; readonly rule: FallbackRule; readonly results: Map<object, unknown> },
): void => {
  const { stale } = execution.tools
  for (const [owner, result] of results) {
    const problem = result instanceof Error ? asProblem(result) : undefined
    if (problem !== undefined && final.has(problem.code)) continue
    const key = rule.staleMs === undefined || stale === undefined ? undefined : keyOf(execution, { step, rule, owner })
    if (problem === undefined) {
      if (key !== undefined && result !== null && result !== undefined) stale?.keep(key, result)
      continue
    }
    const last = key === undefined ? undefined : stale?.recall(key, rule.staleMs ?? 0)
    if (last !== undefined) results.set(owner, new Fallback(problem, 'stale', last))
    else if (rule.value !== undefined) results.set(owner, new Fallback(problem, 'value', rule.value.raw))
  }
}

/** The request that one owner alone would make, and for whom; undefined where it makes none. */
const keyOf = (
  execution: Execution,
  { step, rule, owner }: { readonly step: Step; readonly rule: FallbackRule; readonly owner: object },
): string | undefined => {
  const { binding, source } = step
  if (binding === undefined) return undefined
  try {
    let scope = execution.scope(step, { parent: owner })
    if (source.kind === 'load' || isBatched(binding)) {
      const fields = source.kind === 'load' ? source.entity.keys : (binding.batch?.keys ?? [])
      const key = keyIn(source.kind === 'load' ? source.by : keyTemplates(fields), fields, scope)
      if (!isKey(key)) return undefined
      scope = { ...scope, keys: isBatched(binding) ? [key] : key, ...(source.kind === 'load' && { args: noArgs }) }
    }
    const rendered = renderRequest(binding.request, scope)
    if (rendered === noCall) return undefined
    const whose = rule.personal ? whoAsks(execution.request.context) : ''
    return JSON.stringify([step.coordinate, asks(binding), rendered.identity, whose])
  } catch {
    return undefined
  }
}

/** What makes a value what it is beside the rendered request: values outlive a reload, which may change any of it. */
const asks = ({ request, select, batch }: Binding): readonly unknown[] => [
  request.service,
  request.kind === 'rest' ? request.method : request.method.path,
  select,
  batch,
]

/** Whom a service hears of: the credentials it gets, hashed so that none are kept, and who they are. */
const whoAsks = ({ caller: { identity }, forward }: CallContext): string =>
  createHash('sha256')
    .update(JSON.stringify([identity?.provider ?? null, identity?.subject ?? null, forward.authorization ?? null]))
    .digest('base64')
