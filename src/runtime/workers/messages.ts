import type { Diagnostic } from '../../kernel/diagnostic.ts'
import type { MetricsSnapshot } from '../../telemetry/metrics.ts'
import type { Gateway, WorkspaceState } from '../gateway.ts'
import type { Readiness } from '../probes.ts'
import type { ModuleTexts } from '../resolvers.ts'

/** What a primary asks of its workers, each with what is answered. */
export type Answers = {
  /** The first half of a reload; what it builds waits for the second. */
  readonly prepare: { readonly ok: boolean; readonly diagnostics: readonly Diagnostic[]; readonly why?: string }
  readonly commit: Opened
  readonly discard: null
  readonly readiness: Readiness
  readonly services: ReturnType<Gateway['services']>
  readonly metrics: MetricsSnapshot
}
export type Question = keyof Answers

/** What a worker serves now. */
export type Opened = {
  readonly listen: Gateway['listen']
  readonly files: readonly string[]
  readonly modules: ModuleTexts
}

export type ToWorker =
  | { readonly start: WorkspaceState }
  /** `state` is what is to be prepared. */
  | { readonly ask: Question; readonly id: number; readonly state?: WorkspaceState | undefined }
  | { readonly drain: true }

export type FromWorker =
  /** It is there and waits for what it is to start with. */
  | { readonly here: true }
  | { readonly opened: Opened }
  | { readonly refused: string }
  | { readonly id: number; readonly answer: Answers[Question] }
  | { readonly id: number; readonly failed: string }
