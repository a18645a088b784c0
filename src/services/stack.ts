import type { Guard } from './call.ts'
import type { GuardTools } from './guard-tools.ts'
import { bulkhead } from './guards/bulkhead.ts'
import { hedge } from './guards/hedge.ts'
import { observed } from './guards/observed.ts'
import { type RetrySettings, retry } from './guards/retry.ts'
import { timeout } from './guards/timeout.ts'
import { total } from './guards/total.ts'
import type { OwnBreaker, OwnCalls } from './own-calls.ts'
import type { Resilience } from './resilience.ts'
import type { Service } from './service.ts'

/** Every guard of a service's calls, outermost first. Made once per service, so that its calls share the slots. */
export const serviceGuards = (service: Service, resilience: Resilience, tools: GuardTools): readonly Guard[] =>
  callGuards(service, slotsOf(service, tools), { resilience, tools })

/** The same, and for calls that say something for themselves: all share the slots. */
export const guardsOfCalls = (
  service: Service,
  resilience: Resilience,
  { own, ...tools }: GuardTools & { readonly own: (breaker: OwnBreaker) => Resilience },
): ((calls: OwnCalls | undefined) => readonly Guard[]) => {
  const slots = slotsOf(service, tools)
  return (calls) =>
    calls === undefined
      ? callGuards(service, slots, { resilience, tools })
      : callGuards({ ...service, timeoutMs: calls.timeoutMs, resilience: calls.resilience }, slots, {
          resilience: calls.breaker === undefined ? resilience : own(calls.breaker),
          tools,
        })
}

const callGuards = (service: Service, slots: Guard, { resilience, tools }: Around): readonly Guard[] => {
  const { name, timeoutMs, resilience: { retry: tries, hedgeAfterMs } = {} } = service
  const { clock } = tools
  return [
    ...aroundTries(service, { settings: tries, hedgeAfterMs, resilience, tools }),
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
    slots, // held only while the service works
    ...breakerIn(resilience), // counts what the service did, not what we refused
    timeout({ service: name, timeoutMs, clock }), // per try; innermost, so what it aborts is the work itself
  ]
}

/**
 * The same for requests that are passed on, but for the time limit, which is the lane's own: it ends with the first
 * byte of an answer, a call's with the last. The slots are theirs, so that long streams never take those of calls.
 */
export const laneGuards = (
  service: Service,
  resilience: Resilience,
  { own, ...tools }: GuardTools & { readonly own: (breaker: OwnBreaker) => Resilience },
): LaneGuards => {
  const slots = slotsOf(service, tools)
  return ({ service: asked, retry: settings, breaker }) => {
    const memory = breaker === undefined ? resilience : own(breaker)
    const { hedgeAfterMs } = asked.resilience ?? {}
    return [...aroundTries(asked, { settings, hedgeAfterMs, resilience: memory, tools }), slots, ...breakerIn(memory)]
  }
}

/** Routes, and their requests that are calls apart, may say for themselves how often is tried, and have a breaker of their own; the slots they share. */
export type LaneGuards = (route: {
  /** With what these requests have for its settings. */
  readonly service: Service
  readonly retry?: RetrySettings | undefined
  readonly breaker?: OwnBreaker | undefined
}) => readonly Guard[]

const slotsOf = ({ name, concurrency }: Service, { clock }: GuardTools): Guard =>
  bulkhead({ service: name, ...concurrency, clock })

const breakerIn = ({ breaker }: Resilience): readonly Guard[] => (breaker === undefined ? [] : [breaker.guard])

const never: RetrySettings = { times: 0, baseMs: 0, mostMs: 0, budget: 0 }

type Tries = { readonly settings: RetrySettings | undefined; readonly hedgeAfterMs: number | undefined }

type Around = { readonly resilience: Resilience; readonly tools: GuardTools }

const aroundTries = (
  { name, resilience: { totalMs } = {} }: Service,
  { settings, hedgeAfterMs, resilience, tools }: Around & Tries,
): readonly Guard[] => {
  const { clock, observe, tell, introducing = [] } = tools
  const budget = resilience.budget
  return [
    ...(observe === undefined ? [] : [observed({ service: name, clock, observe })]), // once a call, waiting and tries included
    ...(totalMs === undefined ? [] : [total({ service: name, totalMs, clock })]),
    ...introducing, // waits for a token of ours, without one nothing is sent
    // Each try passes everything below, and no slot is held between tries. Hedges take of the same budget.
    ...(settings === undefined && hedgeAfterMs === undefined
      ? []
      : [retry({ service: name, settings: settings ?? never, budget, clock, tell: (event) => tell?.(name, event) })]),
  ]
}
