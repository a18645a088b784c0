import { mostSent } from '../../services/guards/settings.ts'
import { findOwnCalls } from '../../services/own-calls.ts'
import type { Service } from '../../services/service.ts'
import type { Batch, Binding } from '../graph.ts'
import { type RequestTemplate, templatesOf } from '../request.ts'
import { shareableText } from '../sharing/inputs.ts'
import { expressionsOf, type Template } from '../template.ts'
import { estimate } from './estimate.ts'
import type { OperationPlan, Step } from './plan.ts'

export type ExplainOptions = {
  /** By name: how often each is asked again; never where they are not given. */
  readonly services?: Services
  /** `limits.upstreamCalls`: what calls and their further tries never pass. */
  readonly upstreamCalls?: number
}

type Services = ReadonlyMap<string, Service>

/**
 * A plan as text: its levels with the calls of each, side by side where they run in parallel, and what it costs.
 *
 *     level 0  users GET /users?ids={claims.sub}  ∥  orders GET /orders?customer={this.id}&limit={args.first}
 *     level 1  catalog shop.catalog.v1.Catalog/BatchGetProducts (≤ 15 keys)
 *     calls ≤ 3, with retries ≤ 9 · levels 2 · reads claims.sub, $orders, forwarded authorization · shareable per user
 */
export const explain = (
  plan: OperationPlan,
  variables: Readonly<Record<string, unknown>>,
  { services, upstreamCalls }: ExplainOptions = {},
): string => {
  const { calls, completing, levels, steps, assumptions } = estimate(plan, variables)
  const lines: string[] = []
  const told = (some: readonly Step[]): readonly string[] =>
    some.map((step) => {
      const mask = step.binding && plan.masks?.get(step.binding.index)
      const joined = plan.steps.filter(({ id }) => plan.joins?.get(id) === step)
      return `${describe(step, { ...(steps[step.id] ?? { keys: 1, calls: 0 }), joined })}${mask === undefined ? '' : ` [${mask}]`}`
    })
  const completions = plan.steps.filter(({ source }) => source.kind === 'complete')
  const planned = plan.steps.filter(({ source, id }) => source.kind !== 'complete' && plan.joins?.has(id) !== true)
  const deepest = planned.reduce((most, { level }) => Math.max(most, level), -1)
  for (let level = 0; level <= deepest; level += 1) {
    const texts = told(planned.filter((step) => step.level === level))
    const separator = plan.kind === 'mutation' && level === 0 ? '  then  ' : '  ∥  '
    lines.push(`level ${level}  ${texts.join(separator)}`)
  }
  if (completions.length > 0) lines.push(`where fields lack  ${told(completions).join('  ∥  ')}`)
  const reads = readsOf(plan)
  const sent = plan.steps.reduce(
    (sum, { id, binding }) =>
      sum + (steps[id]?.calls ?? 0) * (binding === undefined ? 1 : mostSentOf(binding, services)),
    0,
  )
  const functions = callingFunctions(planned)
  lines.push(
    [
      `calls ≤ ${calls}${completing === 0 ? '' : `, ${completing} of them where fields lack`}${sent === calls ? '' : `, with retries ≤ ${retried(sent, upstreamCalls)}`}${functions.length === 0 ? '' : `, beside those of ${functions.join(', ')}`}`,
      `levels ${levels}`,
      reads.length > 0 ? `reads ${reads.join(', ')}` : 'reads nothing of the caller',
      `shareable ${shareableText(plan)}`,
    ].join(' · '),
  )
  if (assumptions.length > 0) lines.push(`assuming ${assumptions.join(', ')}; @listSize says better`)
  return lines.join('\n')
}

/** What is sent at most: no retry is made past the bound of an operation. */
const retried = (sent: number, limit = Number.POSITIVE_INFINITY): string =>
  sent > limit ? `${limit} (${sent} without limits.upstreamCalls)` : String(sent)

/** How often one call is sent at most, tries and hedges included: more than once only what may be repeated, as connectors have it. */
const mostSentOf = ({ safe, request }: Binding, services: Services = new Map()): number => {
  const repeatable =
    safe ||
    (request.kind === 'grpc'
      ? request.method.mayRepeat
      : request.idempotent || request.headers.some(({ name }) => name === 'idempotency-key'))
  const service = services.get(request.service)
  if (!repeatable || service === undefined) return 1
  const call = requestLine(request).replaceAll(/\{[^}]*\}/g, '{}')
  return mostSent(findOwnCalls(service.ownCalls ?? [])(call)?.resilience ?? service.resilience)
}

type Asks = {
  readonly keys: number
  readonly calls: number
  /** Steps whose keys go into this one's batch. */
  readonly joined: readonly Step[]
}

const describe = (step: Step, { keys, calls, joined }: Asks): string => {
  const { source, binding } = step
  if (source.kind === 'resolver') return `${source.fn}() for ${step.path.join('.')}`
  if (binding === undefined) return step.coordinate
  const early = step.early ? ', starts with its parent' : ''
  const amount =
    binding.batch === undefined
      ? calls > 1
        ? ` (≤ ${calls} calls${early})`
        : early && ` (${early.slice(2)})`
      : ` (${keysText(binding.batch, keys, step)}${joined.length === 0 ? '' : `, for ${[step, ...joined].map(({ path }) => path.join('.')).join(', ')}`}${early})`
  return `${binding.request.service} ${requestLine(binding.request)}${amount}`
}

/** Functions that may call services: how often, only they know. */
const callingFunctions = (steps: readonly Step[]): readonly string[] => [
  ...new Set(
    steps.flatMap(({ source }) => (source.kind === 'resolver' && source.calls.length > 0 ? [`${source.fn}()`] : [])),
  ),
]

const keysText = ({ max }: Batch, keys: number, { source, own }: Step): string => {
  if (source.kind === 'load' && own !== undefined) return `≤ ${max} keys a call`
  return keys === 1 ? '1 key' : `≤ ${keys} keys${keys > max ? `, ${max} a call` : ''}`
}

const requestLine = (request: RequestTemplate): string => {
  if (request.kind === 'grpc') return request.method.path.slice(1)
  const query = request.query.map(({ name, value }) => `${name}=${templateText(value)}`).join('&')
  return `${request.method} ${templateText(request.path)}${query === '' ? '' : `?${query}`}`
}

const templateText = (template: Template): string =>
  template.map((part) => (typeof part === 'string' ? part : `{${part.text}}`)).join('')

/** What of the request the answer depends on: claims, headers, variables and credentials. */
const readsOf = (plan: OperationPlan): readonly string[] => {
  const reads = new Set<string>()
  for (const { source, binding } of plan.steps) {
    const templates = [
      ...(binding === undefined ? [] : templatesOf(binding.request)),
      ...(source.kind === 'load' ? source.by : []),
    ]
    for (const { root, path } of templates.flatMap(expressionsOf))
      if (root === 'claims' || root === 'header') reads.add(`${root}.${path.join('.')}`)
  }
  for (const { variable } of plan.operation.variableDefinitions ?? []) reads.add(`$${variable.name.value}`)
  if (plan.steps.some(({ binding }) => binding?.forwards === true)) reads.add('forwarded authorization')
  if (plan.steps.some(({ binding }) => binding?.told !== undefined)) reads.add('identity headers')
  return [...reads]
}
