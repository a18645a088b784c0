import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Clock } from '../kernel/clock.ts'
import type { Stores } from './stores.ts'

/** What policies and all they are made of work with. */
export type CommonTools = {
  readonly clock: Clock
  readonly log: Logger
  /** Shared store of a fleet; undefined when the workspace has no `redis`. */
  readonly redis: Redis | undefined
  /** What outlives a generation: counters and key sets. */
  readonly stores: Stores
}
