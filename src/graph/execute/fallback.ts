import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../kernel/clock.ts'
import { asProblem, type Problem } from '../../kernel/problem.ts'
import type { CallContext } from '../../services/call.ts'
import { type Binding, type FallbackRule, isBatched } from '../graph.ts'
import type { Step } from '../plan/plan.ts'
import { renderRequest } from '../request.ts'
import { noCall } from '../template.ts'
import type { Execution } from './execution.ts'
import { isKey, keyIn, keyTemplates } from './keys.ts'
import { noArgs } from './loads.ts'

/** What stands in for the value of a failed call, with the failure: it is still reported. An Error, so that only failures are looked at twice. */
export class Fallback extends Error {
  readonly problem: Problem
  readonly kind: 'stale' | 'value'
  readonly value: unknown
  constructor(problem: Problem, kind: 'stale' | 'value', value: unknown) {
    super(problem.message)
    this.problem = problem
    this.kind = kind
    this.value = value
  }
}

/** Last good raw values of a BFF, by what was asked and, where the service knows who asks, by whom. */
export type StaleValues = {
  readonly keep: (key: string, value: unknown) => void
  readonly recall: (key: string, maxAgeMs: number) => unknown
}

type Kept = { readonly value: unknown; readonly at: number; readonly bytes: number }

/** Kept for each BFF in each process: values, bytes of all and of one, about. The least used are dropped. */
const most = 1_000
const mostBytes = 33_554_432
const mostOfOne = 1_048_576

export const createStaleValues = (clock: Clock): StaleValues => {
  const values = new LRUCache<string, Kept>({
    max: most,
    maxSize: mostBytes,
    maxEntrySize: mostOfOne,
    sizeCalculation: ({ bytes }) => bytes,
  })
  return {
    keep(key, value) {
      const last = values.peek(key)
      // Answers that come again are the same object (decision 6): it is weighed once.
      const bytes = last !== undefined && last.value === value ? last.bytes : key.length + weightOf(value)
      values.set(key, { value, at: clock.now(), bytes })
    },
    recall(key, maxAgeMs) {
      const found = values.get(key)
      return found === undefined || clock.now() - found.at > maxAgeMs ? undefined : found.value
    },
  }
}

/** About the bytes of a raw value; of one that is too large, not all of them. */
const weightOf = (value: unknown): number => {
  let bytes = 0
  const rest = [value]
  while (rest.length > 0 && bytes <= mostOfOne) {
    const one = rest.pop()
    bytes += 16
    if (typeof one === 'string') bytes += one.length
    else if (Array.isArray(one)) for (const item of one) rest.push(item)
    else if (typeof one === 'object' && one !== null)
      for (const [name, member] of Object.entries(one)) {
        bytes += name.length
        rest.push(member)
      }
  }
  return bytes
}

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
