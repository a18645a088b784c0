import { Problem } from '../../kernel/problem.ts'
import type { Signal } from '../../kernel/signal.ts'

/**
 * Why a call whose signal has aborted fails: the Problem it was aborted with, such as a timeout's, and
 * CANCELLED where whoever waited just went away.
 */
export const abortProblem = (signal: Signal, service: string): Problem => {
  const reason: unknown = signal.reason
  return reason instanceof Problem
    ? reason
    : new Problem('CANCELLED', 'The client went away before the answer came.', { service, cause: reason })
}

/** The problem of a call whose time is over, whoever noticed it first. */
export const deadlineProblem = (service: string, cause?: unknown): Problem =>
  new Problem('DEADLINE_EXCEEDED', `Service ${service} did not answer in time.`, { service, cause })
