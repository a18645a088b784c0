import type { Clock } from '../../kernel/clock.ts'
import { TimeLimit } from '../../kernel/timer.ts'
import type { Target } from '../targets/target.ts'
import type { RestLink, Sent } from './wire/flight.ts'
import { headerLines } from './wire/request.ts'

/** How the targets of a REST service are asked whether they are well. */
export type HttpHealth = {
  /** Asked with GET, from the root of the target: the base path does not count. */
  readonly path: string
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Good answers in a row until it is healthy, bad ones until it is not. The first answer of all counts at once. */
  readonly rise: number
  readonly fall: number
  /** Whether the gateway is not ready without it. */
  readonly required: boolean
  /** Statuses that are good answers, from and to. */
  readonly statuses: readonly (readonly [from: number, to: number])[]
}

type HealthTools = { readonly health: HttpHealth; readonly clock: Clock }

/** Up to this share of the interval sooner: many gateways must not all ask at once. */
const jitter = 0.2

const lines = headerLines(['accept', '*/*', 'user-agent', 'portico-health'])

/** Asks a target from time to time whether it is well, until what is returned is called. */
export const watchHttpHealth = (target: Target<RestLink>, { health, clock }: HealthTools): (() => void) => {
  const { path, intervalMs, timeoutMs, rise, fall, statuses } = health
  let told: boolean | undefined
  let inARow = 0
  let flight: Sent | undefined
  let timer: NodeJS.Timeout | undefined
  let limit: TimeLimit | undefined
  let over = false

  const learn = (well: boolean): void => {
    limit?.end()
    flight = undefined
    if (over) return
    inARow = well === told ? 0 : inARow + 1
    if (told === undefined || inARow >= (well ? rise : fall)) {
      told = well
      inARow = 0
      target.checked(well, clock.now())
    }
    timer = setTimeout(ask, intervalMs * (1 - jitter * Math.random())).unref()
  }

  const ask = (): void => {
    let status = 0
    const onTime = (): void => {
      flight?.abort()
      learn(false)
    }
    limit = new TimeLimit(timeoutMs, { onTime }).unref()
    flight = target.link.dispatch(
      { method: 'GET', path, lines, headers: [], body: null, repeatable: true },
      {
        onHead: (head) => (status = head.status),
        onData: () => true,
        onEnd: () => learn(statuses.some(([from, to]) => status >= from && status <= to)),
        onError: () => learn(false),
      },
    )
  }

  timer = setTimeout(ask, 0).unref()
  return () => {
    over = true
    clearTimeout(timer)
    limit?.end()
    flight?.abort()
  }
}
