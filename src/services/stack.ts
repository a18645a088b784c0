import type { Clock } from '../kernel/clock.ts'
import type { CallObserver } from '../telemetry/observers.ts'
import type { Guard } from './call.ts'
import { bulkhead } from './guards/bulkhead.ts'
import { observed } from './guards/observed.ts'
import { timeout } from './guards/timeout.ts'
import type { Service } from './service.ts'

export type GuardTools = {
  readonly clock: Clock
  readonly observe?: CallObserver | undefined
  /** Told of what is odd about a service, for the log. */
  readonly warn?: ((message: string) => void) | undefined
}

/** Every guard of a service, outermost first. Made once per service, so that its calls share the slots. */
export const serviceGuards = (service: Service, { clock, observe }: GuardTools): readonly Guard[] => [
  ...(observe === undefined ? [] : [observed({ service: service.name, clock, observe })]), // once a call, waiting and attempts included
  // Retry will stand here: each attempt passes everything below, and no slot is held between attempts.
  bulkhead({ service: service.name, ...service.concurrency, clock }), // a slot is held only while the service works
  // The breaker will stand here: it counts what the service did, not what we refused.
  timeout({ service: service.name, timeoutMs: service.timeoutMs, clock }), // per attempt; innermost, so what it aborts is the work itself
]
