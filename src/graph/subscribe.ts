import { type Abortable, abortable } from '../kernel/abort.ts'
import { Problem } from '../kernel/problem.ts'
import type { OpenStream } from './connect.ts'
import { refusal } from './execute/access.ts'
import { type ExecutionRequest, type ExecutionResult, execute, type GraphTools } from './execute/execute.ts'
import { argumentsOf } from './plan/arguments.ts'
import { renderRequest } from './request.ts'
import { dig, noCall } from './template.ts'

export type SubscriptionRequest = Omit<ExecutionRequest, 'event' | 'context'> & {
  readonly context: ExecutionRequest['context']
  /** The context of one event's calls: events come long after the request's own budget has ended. */
  readonly eventContext: () => ExecutionRequest['context']
}

/**
 * Runs a subscription: opens its stream, and executes the operation below the root field for each message.
 * One event at a time, so that a slow reader slows the stream. Throws Problem when the caller may not
 * subscribe or the stream breaks; returning from the iteration cancels the upstream call.
 */
export const subscribe = (request: SubscriptionRequest, tools: SubscriptionTools): Abortable<ExecutionResult> =>
  abortable(request.context.signal, (signal) => results({ ...request, context: { ...request.context, signal } }, tools))

type SubscriptionTools = GraphTools & { readonly streams: readonly (OpenStream | undefined)[] }

async function* results(
  request: SubscriptionRequest,
  tools: SubscriptionTools,
): AsyncGenerator<ExecutionResult, void, void> {
  const { plan, variables, context, header, eventContext } = request
  const [step] = plan.tops
  if (step?.binding === undefined || plan.tops.length !== 1)
    throw new Problem('INVALID_ARGUMENT', 'A subscription has one root field.')
  for (const rule of step.rules) {
    const refused = refusal(rule, context.caller.identity, variables)
    if (refused === undefined) continue
    tools.denied?.(context.caller, refused, rule)
    throw refused
  }
  const open = tools.streams[step.binding.index]
  if (open === undefined) throw new Problem('UNIMPLEMENTED', `${step.coordinate} is not fed by a stream.`)
  const { select } = step.binding
  const args = argumentsOf(step, variables)
  const rendered = renderRequest(step.binding.request, {
    args,
    parent: undefined,
    claims: context.caller.identity?.claims,
    mask: plan.masks?.get(step.binding.index),
    header,
  })
  if (rendered === noCall) return
  for await (const message of open(rendered, context)) {
    yield await execute({ ...request, context: eventContext(), event: { step, value: dig(message, select) } }, tools)
  }
}
