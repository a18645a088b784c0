import type { Connector } from './connect.ts'
import type { BreakerState } from './guards/breaker.ts'
import { nameOf } from './targets/set.ts'
import type { TargetState } from './targets/target.ts'

/** What is known of a service now, for those who run the gateway. */
export type ServiceState = {
  readonly name: string
  readonly kind: 'rest' | 'grpc'
  /** Absent where it has none. */
  readonly breaker?: BreakerState
  /** Of calls and routes that have one of their own: `GET /users/{id}`, `routes./users/*`. Absent where none has. */
  readonly ownBreakers?: readonly { readonly of: string; readonly breaker: BreakerState }[]
  /** Of the last ten seconds: calls, further tries of them, and whether there is room for one more. Counted where there are retries. */
  readonly retryBudget: { readonly calls: number; readonly tries: number; readonly room: boolean }
  /** Calls and proxied requests under way. */
  readonly active: number
  /** Empty until its names were looked up first. */
  readonly targets: readonly TargetReport[]
}

export type TargetReport = {
  /** `host:port`, IPv6 hosts in brackets. */
  readonly target: string
  /** The host as the workspace writes it. */
  readonly name: string
  readonly state: TargetState
  /** Its share of the calls, smaller while it starts slowly. */
  readonly weight: number
  readonly priority: number
  /** The part of the service's split that it belongs to. */
  readonly part?: string
  readonly active: number
  /** How long its calls take until they are answered, moving; absent where nothing is known. */
  readonly latencyMs?: number
}

/** `now` in the clock's monotonic milliseconds. */
export const stateOf = (
  name: string,
  { kind, targets, resilience: { breaker, budget }, ownBreakers }: Connector,
  now: number,
): ServiceState => {
  const reports = targets.targets.map((target): TargetReport => {
    const { address, active } = target
    const latency = target.latency(now)
    return {
      target: nameOf(target),
      name: address.name,
      state: target.state(now),
      weight: rounded(target.weight(now, targets.slowStartMs)),
      priority: address.priority,
      ...(address.part === undefined ? {} : { part: address.part }),
      active,
      ...(latency === undefined ? {} : { latencyMs: rounded(latency) }),
    }
  })
  const own = ownBreakers()
  return {
    name,
    kind,
    ...(breaker === undefined ? {} : { breaker: breaker.state }),
    ...(own.length === 0 ? {} : { ownBreakers: own.map((one) => ({ of: one.of, breaker: one.breaker.state })) }),
    retryBudget: budget.state(now),
    active: reports.reduce((sum, { active }) => sum + active, 0),
    targets: reports,
  }
}

const rounded = (value: number): number => Math.round(value * 100) / 100
