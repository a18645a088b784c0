import type { Clock } from '../kernel/clock.ts'
import type { CallObserver } from '../telemetry/observers.ts'
import type { Guard } from './call.ts'

/** What guards, and what they guard, are made with. */
export type GuardTools = {
  readonly clock: Clock
  readonly observe?: CallObserver | undefined
  /** Told of what guards and targets do about failures, for metrics and the log: few events, and none on a good day. */
  readonly tell?: ((service: string, event: ServiceEvent) => void) | undefined
  /** Told of each call of a service with a split which part got it. */
  readonly share?: ((service: string, part: string) => void) | undefined
  /** Told of what is odd about a service, for the log. */
  readonly warn?: ((message: string) => void) | undefined
  /** Sees to what the gateway has to show before anything can be sent. */
  readonly introducing?: readonly Guard[] | undefined
}

export type ServiceEvent =
  | 'retry'
  | 'retry withheld'
  | 'hedge'
  | 'breaker open'
  | 'breaker trial'
  | 'breaker closed'
  | 'ramp stopped'
  | 'target out'
  | 'target back'
