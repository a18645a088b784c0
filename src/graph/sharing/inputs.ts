import { type IdentityHeaders, identityHeaders } from '../../services/identity/headers.ts'
import { refusal } from '../execute/access.ts'
import type { ExecutionRequest } from '../execute/execution.ts'
import type { AccessRule } from '../graph.ts'
import type { OperationPlan, Selection, Shape, Step, StepSource } from '../plan/plan.ts'
import { templatesOf } from '../request.ts'
import { dig, type Expression, expressionsOf, type Template } from '../template.ts'

/** Everything that the answer of a plan can depend on, beside its variables and what services hold. */
export type PlanInputs = {
  readonly shareable: true
  /** Paths of the claims that its requests read. */
  readonly claims: readonly (readonly string[])[]
  /** Lower-case names of the headers that its requests read. */
  readonly headers: readonly string[]
  /** Whose outcome for the caller decides what is shown. */
  readonly rules: readonly AccessRule[]
  /** Whether a service gets the caller's Authorization. */
  readonly credentials: boolean
  /** What services are told of the caller. */
  readonly told: readonly IdentityHeaders[]
}

export type NotShareable = { readonly shareable: false; readonly because: string }

/**
 * What an answer of this plan depends on, or why it cannot be known. Templates are static, so that this is known
 * before anything runs: requests are made of nothing but these, and of what services answered to them.
 */
export const inputsOf = (plan: OperationPlan): PlanInputs | NotShareable => {
  if (plan.kind !== 'query') return no(`it is a ${plan.kind}`)
  for (const step of plan.steps) {
    const because = whyNot(step)
    if (because !== undefined) return no(because)
  }
  const read = plan.steps.flatMap(readBy)
  return {
    shareable: true,
    claims: unique(read.filter(({ root }) => root === 'claims').map(({ path }) => path)),
    headers: [...new Set(read.filter(({ root }) => root === 'header').map(({ path: [name = ''] }) => name))],
    rules: [...rulesOf(plan)],
    credentials: plan.steps.some(({ binding }) => binding?.forwards === true),
    told: [...new Set(plan.steps.flatMap(({ binding }) => (binding?.told === undefined ? [] : [binding.told])))].map(
      identityHeaders,
    ),
  }
}

/** The values of what a plan reads, as text that two requests have in common only when all of it is equal. */
export const valuesOf = (
  { claims, headers, rules, credentials, told }: PlanInputs,
  { variables, context: { caller, forward }, header }: ExecutionRequest,
): string => {
  const { identity } = caller
  const values: unknown[] = []
  for (const path of claims) values.push(dig(identity?.claims, path) ?? null)
  for (const name of headers) values.push(header(name) ?? null)
  for (const rule of rules) values.push(refusal(rule, identity, variables)?.code ?? null)
  if (credentials) values.push(forward.authorization ?? null)
  for (const linesFor of told) values.push(linesFor(caller))
  if (hasAny(variables)) values.push(variables)
  return values.length === 0 ? '' : JSON.stringify(values)
}

const hasAny = (variables: object): boolean => {
  for (const _ in variables) return true
  return false
}

/** `per user`, `for all`, `for all with the same rights`, or `no, because …`. */
export const shareableText = (plan: OperationPlan): string => {
  const inputs = inputsOf(plan)
  if (!inputs.shareable) return `no, because ${inputs.because}`
  if (inputs.credentials || inputs.told.length > 0 || inputs.claims.length > 0) return 'per user'
  return inputs.rules.length > 0 ? 'for all with the same rights' : 'for all'
}

const no = (because: string): NotShareable => ({ shareable: false, because })

const whyNot = ({ source, binding, coordinate }: Step): string | undefined => {
  if (source.kind === 'resolver') return source.pure ? undefined : `${coordinate} is an impure resolver`
  return binding === undefined || binding.safe ? undefined : `the call of ${coordinate} may change something`
}

const readBy = (step: Step): readonly Expression[] =>
  [...(step.binding === undefined ? [] : templatesOf(step.binding.request)), ...templatesBeside(step.source)].flatMap(
    expressionsOf,
  )

/** Templates of a source that are not its binding's. A new kind of source does not compile before it is said here what it reads. */
const templatesBeside = (source: StepSource): readonly Template[] => {
  switch (source.kind) {
    case 'load':
      return source.by
    case 'call':
    case 'complete':
    case 'resolver':
      return []
    default:
      return source satisfies never
  }
}

const unique = (paths: readonly (readonly string[])[]): readonly (readonly string[])[] => [
  ...new Map(paths.map((path) => [JSON.stringify(path), path])).values(),
]

const rulesOf = ({ steps, root }: OperationPlan): ReadonlySet<AccessRule> => {
  const rules = new Set<AccessRule>()
  const add = (some: readonly AccessRule[]): void => some.forEach((rule) => void rules.add(rule))
  const ofShape = (shape: Shape): void => {
    if (shape.kind === 'list') ofShape(shape.item)
    else if (shape.kind === 'object') ofSelection(shape.selection)
    else if (shape.kind === 'abstract') for (const selection of shape.selections.values()) ofSelection(selection)
  }
  const ofSelection = ({ rules: own, fields }: Selection): void => {
    add(own)
    for (const field of fields) {
      add(field.rules)
      ofShape(field.shape)
    }
  }
  for (const step of steps) {
    add(step.rules)
    for (const hop of step.hops) add(hop.rules)
    if (step.source.kind === 'complete') for (const need of step.source.needed) add(need.rules)
  }
  ofSelection(root)
  return rules
}
