import type { Clock } from '../kernel/clock.ts'
import type { CallObserver } from '../telemetry/observers.ts'
import type { Guard } from './call.ts'
import { bulkhead } from './guards/bulkhead.ts'
import { hedge } from './guards/hedge.ts'
import { observed } from './guards/observed.ts'
import { type RetrySettings, retry } from './guards/retry.ts'
import { timeout } from './guards/timeout.ts'
import { total } from './guards/total.ts'
import type { Resilience } from './resilience.ts'
import type { Service } from './service.ts'

export type GuardTools = {
  readonly clock: Clock
  readonly observe?: CallObserver | undefined
  /** Told of what guards and targets do about failures, for metrics and the log: few events, and none on a good day. */
  readonly tell?: ((service: string, event: ServiceEvent) => void) | undefined
  /** Told of what is odd about a service, for the log. */
  readonly warn?: ((message: string) => void) | undefined
}

export type ServiceEvent =
  | 'retry'
  | 'retry withheld'
  | 'hedge'
  | 'breaker open'
  | 'breaker trial'
  | 'breaker closed'
  | 'target out'
  | 'target back'

/** Every guard of a service's calls, outermost first. Made once per service, so that its calls share the slots. */
export const serviceGuards = (service: Service, resilience: Resilience, tools: GuardTools): readonly Guard[] => {
  const { name, timeoutMs, resilience: { retry: tries, hedgeAfterMs } = {} } = service
  const { clock } = tools
  return [
    ...aroundTries(service, { settings: tries, resilience, tools }),
    ...(hedgeAfterMs === undefined
      ? []
      : [
          hedge({
            service: name,
            afterMs: hedgeAfterMs,
            budget: resilience.budget,
            clock,
            tell: () => tools.tell?.(name, 'hedge'),
          }),
        ]), // a second target for the same try, before the first has answered
    ...aroundWork(service, { resilience, tools }),
    timeout({ service: name, timeoutMs, clock }), // per try; innermost, so what it aborts is the work itself
  ]
}

/**
 * The same for requests that are passed on, but for the time limit, which is the lane's own: it ends with the first
 * byte of an answer, a call's with the last. The slots are theirs, so that long streams never take those of calls.
 */
export const laneGuards = (service: Service, resilience: Resilience, tools: GuardTools): LaneGuards => {
  const work = aroundWork(service, { resilience, tools })
  return (settings) => [...aroundTries(service, { settings, resilience, tools }), ...work]
}

/** Routes may say for themselves how often is tried; all else they share. */
export type LaneGuards = (settings: RetrySettings | undefined) => readonly Guard[]

const never: RetrySettings = { times: 0, baseMs: 0, mostMs: 0, budget: 0 }

type Around = { readonly resilience: Resilience; readonly tools: GuardTools }

const aroundTries = (
  { name, resilience: { totalMs, hedgeAfterMs } = {} }: Service,
  { settings, resilience, tools }: Around & { readonly settings: RetrySettings | undefined },
): readonly Guard[] => {
  const { clock, observe, tell } = tools
  const budget = resilience.budget
  return [
    ...(observe === undefined ? [] : [observed({ service: name, clock, observe })]), // once a call, waiting and tries included
    ...(totalMs === undefined ? [] : [total({ service: name, totalMs, clock })]),
    // Each try passes everything below, and no slot is held between tries. Hedges take of the same budget.
    ...(settings === undefined && hedgeAfterMs === undefined
      ? []
      : [retry({ service: name, settings: settings ?? never, budget, clock, tell: (event) => tell?.(name, event) })]),
  ]
}

const aroundWork = ({ name, concurrency }: Service, { resilience, tools }: Around): readonly Guard[] => [
  bulkhead({ service: name, ...concurrency, clock: tools.clock }), // a slot is held only while the service works
  ...(resilience.breaker === undefined ? [] : [resilience.breaker.guard]), // counts what the service did, not what we refused
]
