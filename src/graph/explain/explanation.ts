import type { Reason } from '../../kernel/reason.ts'
import type { Entry } from '../execute/entry.ts'
import { type ExecutionResult, root } from '../execute/execute.ts'
import type { OperationPlan, Step } from '../plan/plan.ts'
import { elidedFields } from './elided.ts'
import { findGaps, type Gap } from './gaps.ts'
import type { RecordedCall, Recording } from './recording.ts'
import { type Why, whyMissing } from './why.ts'

/** How one answer came about, as JSON that may be shown to who may ask for it: no hosts, credentials or claims. */
export type Explanation = {
  /** From the first step to the end of the last, in milliseconds. */
  readonly ms: number
  /** Upstream calls made, those of functions included. */
  readonly calls: number
  readonly steps: readonly ExplainedStep[]
  /** Calls that started early, for a parent that had no use for them. */
  readonly unused?: readonly (ExplainedCall & { readonly service: string })[]
  readonly missing: readonly Missing[]
  /** Missing values beyond those that are told. */
  readonly omitted?: number
}

export type ExplainedStep = {
  /** Response keys from the root, without list positions. */
  readonly path: readonly string[]
  readonly coordinate: string
  readonly level: number
  readonly service?: string
  /** The function of a resolver. */
  readonly function?: string
  /** How often the function called which service. */
  readonly functionCalls?: Readonly<Record<string, number>>
  /** Whether it completes entities that arrived with less than was asked. */
  readonly completes?: true
  /** Whether it started with its parent. */
  readonly early?: true
  /** Why it did not run: the caller may not see it, or there is no object to own the field. */
  readonly skipped?: 'AUTH_DENIED' | 'NO_OWNERS'
  /** Objects that own the field. */
  readonly owners: number
  /** Distinct requests or keys that they asked for. */
  readonly asked: number
  /** Those of `asked` that another step had asked already. */
  readonly reused?: number
  readonly startMs?: number
  readonly ms?: number
  readonly calls: readonly ExplainedCall[]
  /** Calls beyond those that are told. */
  readonly moreCalls?: number
}

export type ExplainedCall = {
  readonly request: string
  readonly keys?: number
  readonly startMs: number
  /** Absent where the answer did not wait for it. */
  readonly ms?: number
  /** What the service itself said: an HTTP status, or the code of a gRPC call that failed. */
  readonly status?: number | string
  /** `OK`, the code of its failure, or `ABANDONED` where nobody waited for its end. */
  readonly outcome: string
  /** How often it was sent again, hedges included. */
  readonly tries?: number
  /** Why it was not sent again where it might have been: `limits.upstreamCalls`. */
  readonly withheld?: 'COST_LIMIT'
  /** Whether requests of others were answered by it too. */
  readonly shared?: true
}

export type Missing = Why & {
  readonly path: readonly (string | number)[]
  readonly coordinate: string
  readonly reason: Reason
  readonly service?: string
  /** What stands in its place. */
  readonly fallback?: 'stale' | 'value'
}

/** Missing values and calls of one step that are told. */
const mostMissing = 100
const mostCalls = 20

export type Explained = {
  readonly plan: OperationPlan
  /** The plan with every condition taken. */
  readonly whole: OperationPlan
  readonly result: ExecutionResult
  readonly recording: Recording
}

/** What was recorded of an operation, in the order of its plan, and why values of its answer are missing. */
export const explanationOf = ({ plan, whole, result, recording }: Explained): Explanation => {
  const startedAt = Math.min(...[...recording.steps.values()].map((step) => step.startedAt))
  const endedAt = Math.max(...[...recording.steps.values()].map((step) => step.endedAt ?? step.startedAt))
  const since = (at: number): number => rounded(at - startedAt)
  const unused = recording.calls.filter(({ step }) => step === undefined)
  const { missing, omitted } = missingOf({ plan, whole, result, recording })
  return {
    ms: recording.steps.size === 0 ? 0 : since(endedAt),
    calls: result.calls,
    steps: plan.steps.map((step) => explainedStep(step, recording, since)),
    ...(unused.length > 0 && {
      unused: unused.slice(0, mostCalls).map((call) => ({ service: call.service, ...explainedCall(call, since) })),
    }),
    missing,
    ...(omitted > 0 && { omitted }),
  }
}

const explainedStep = (step: Step, recording: Recording, since: (at: number) => number): ExplainedStep => {
  const { source, binding, path, coordinate, level } = step
  const recorded = recording.steps.get(step)
  const owners = recording.execution.results[step.id]?.size ?? 0
  const entries = [...(recorded?.entries ?? [])]
  const calls = recording.calls.filter((call) => call.step === step)
  const reused = entries.filter((entry) => isReused(entry, step, recording)).length
  const denied = [step, ...step.hops].some(({ rules }) => recording.execution.refused(rules) !== undefined)
  const startedAt = Math.min(recorded?.startedAt ?? 0, ...calls.map((call) => call.startedAt))
  const early = step.early && recorded !== undefined && calls.some((call) => call.startedAt < recorded.startedAt)
  return {
    path,
    coordinate,
    level,
    ...(binding !== undefined && { service: binding.request.service }),
    ...(source.kind === 'resolver' && { function: source.fn }),
    ...((recorded?.functionCalls.size ?? 0) > 0 && {
      functionCalls: Object.fromEntries(recorded?.functionCalls ?? []),
    }),
    ...(source.kind === 'complete' && { completes: true }),
    ...(early && { early }),
    ...(denied ? { skipped: 'AUTH_DENIED' } : owners === 0 && { skipped: 'NO_OWNERS' }),
    owners,
    asked: entries.length,
    ...(reused > 0 && { reused }),
    ...(recorded?.endedAt !== undefined &&
      owners > 0 && { startMs: since(startedAt), ms: rounded(recorded.endedAt - startedAt) }),
    calls: calls.slice(0, mostCalls).map((call) => explainedCall(call, since)),
    ...(calls.length > mostCalls && { moreCalls: calls.length - mostCalls }),
  }
}

const isReused = (entry: Entry, step: Step, recording: Recording): boolean => {
  const call = recording.originOf(entry)?.call
  return call !== undefined && call.step !== step
}

const explainedCall = (call: RecordedCall, since: (at: number) => number): ExplainedCall => ({
  request: call.line,
  ...(call.keys !== undefined && { keys: call.keys }),
  startMs: since(call.startedAt),
  ...(call.endedAt !== undefined && { ms: rounded(call.endedAt - call.startedAt) }),
  ...(call.status !== undefined && { status: call.status }),
  outcome: call.outcome ?? 'ABANDONED',
  ...(call.tries > 0 && { tries: call.tries }),
  ...(call.withheld && { withheld: 'COST_LIMIT' }),
  ...(call.reply?.shared === true && { shared: true }),
})

const missingOf = ({
  plan,
  whole,
  result: { text, failures },
  recording,
}: Explained): { readonly missing: readonly Missing[]; readonly omitted: number } => {
  const missing: Missing[] = []
  let omitted = 0
  const tell = (make: () => Missing): void => {
    if (missing.length < mostMissing) missing.push(make())
    else omitted += 1
  }
  const { results } = recording.execution
  const data: unknown = text === undefined ? null : JSON.parse(text)
  findGaps({ selection: plan.root, root, data, failures, brought: { results } }, (gap) =>
    tell(() => explainedGap(gap, recording)),
  )
  for (const { path, coordinate } of elidedFields(plan, whole))
    tell(() => ({ path, coordinate, reason: 'ELIDED', detail: 'The operation leaves it out, by @skip or @include.' }))
  return { missing, omitted }
}

const explainedGap = (gap: Gap, recording: Recording): Missing => {
  const { field, path, fallback, problem } = gap
  const service =
    problem?.service ??
    (field.value.kind === 'step' ? field.value.step.binding?.request.service : undefined) ??
    field.service
  return {
    path,
    coordinate: field.coordinate,
    ...whyMissing(gap, recording),
    ...(service !== undefined && { service }),
    ...(fallback !== undefined && { fallback }),
  }
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 100) / 100
