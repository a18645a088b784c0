import type { Diagnostic } from '../../kernel/diagnostic.ts'
import type { MetricsSnapshot } from '../../telemetry/metrics.ts'
import type { Gateway } from '../gateway.ts'
import type { Readiness } from '../probes.ts'

/** What a primary asks of its workers, each with what is answered. */
export type Answers = {
  /** The first half of a reload; what it builds waits for the second. */
  readonly prepare: { readonly ok: boolean; readonly diagnostics: readonly Diagnostic[]; readonly why?: string }
  readonly commit: { readonly listen: Gateway['listen']; readonly files: readonly string[] }
  readonly discard: null
  readonly readiness: Readiness
  readonly services: ReturnType<Gateway['services']>
  readonly metrics: MetricsSnapshot
}
export type Question = keyof Answers

export type ToWorker = { readonly ask: Question; readonly id: number } | { readonly drain: true }

export type FromWorker =
  | { readonly opened: Answers['commit'] }
  | { readonly refused: string }
  | { readonly id: number; readonly answer: Answers[Question] }
  | { readonly id: number; readonly failed: string }
