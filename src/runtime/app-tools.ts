import type { FastifyInstance, RouteShorthandOptions } from 'fastify'
import type { Logger } from 'pino'
import type { BffRuntime } from '../bff/bff.ts'
import { policies, type routes } from '../catalog.ts'
import type { PolicyUse } from '../compile/plan.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Signal } from '../kernel/signal.ts'
import { mergeHooks } from '../policies/hooks.ts'
import type { Policy, PolicyTools } from '../policies/policy.ts'
import type { Connector } from '../services/connect.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** What an app is built with beside its plan. */
export type AppTools = {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly policyTools: PolicyTools
  readonly connectors: ReadonlyMap<string, Connector>
  /** What each BFF runs with, by name. */
  readonly bffRuntimes: ReadonlyMap<string, BffRuntime>
  readonly development: boolean
  /** The last good answers, of routes that give them again. */
  readonly stale: ReturnType<typeof routes.proxy.createStaleAnswers>
  /** How many WebSockets of routes are open. */
  readonly openCounts: Parameters<typeof routes.proxy.mount>[2]['openCounts']
  /** Ramps that were stopped. */
  readonly stoppedRamps: Set<string>
  /** Aborts with a Problem when the generation ends: streams, which would not end by themselves, then do. */
  readonly draining: Signal
}

/** The hooks of policies in use, for one place, which `scope` names. */
export type HooksOf = (uses: readonly PolicyUse[], scope: string) => RouteShorthandOptions

export const policyHooks =
  (app: FastifyInstance, tools: PolicyTools): HooksOf =>
  (uses, scope) =>
    mergeHooks(
      uses.map(({ name, settings }) =>
        (policies[name] as unknown as Policy).hooks(settings, { app, tools, scope: { name: scope } }),
      ),
    )
