import type { Code } from '../../kernel/code.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'

/** Says that the service is unwell: it failed, broke off, or did not answer in time. A refusal of ours says nothing of it. */
export const isServiceFailure = (thrown: unknown): boolean => {
  const problem = asProblem(thrown)
  return failures.has(problem.code) && !problem.refused
}

const failures: ReadonlySet<Code> = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'INTERNAL', 'UNKNOWN', 'DATA_LOSS'])

/** Whether a call failed before anything of it was sent, so that it may be repeated whatever it does. */
export const neverSent = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  thrown.cause instanceof Error &&
  (thrown.cause as { readonly neverSent?: boolean }).neverSent === true

/**
 * Whether another try may go better: the service was unavailable or late, or asked for a little patience. Not after
 * INTERNAL and its like: what fails by the request fails again.
 */
export const isTransient = ({ code, refused, headers }: Problem): boolean =>
  !refused &&
  (code === 'UNAVAILABLE' ||
    code === 'DEADLINE_EXCEEDED' ||
    (code === 'RESOURCE_EXHAUSTED' && headers['retry-after'] !== undefined))

/** The same failure, which says to the log why it was not tried to mend it. */
export const withheld = (problem: Problem): Problem => {
  const { code, message, status, headers, service, refused, details, reason } = problem
  const cause = new Error('Not tried again: the operation may make no more upstream calls (limits.upstreamCalls).', {
    cause: problem,
  })
  return new Problem(code, message, {
    status,
    headers,
    refused,
    details,
    reason,
    cause,
    ...(service !== undefined && { service }),
  })
}

/** What a service answered to a request that is passed on, as a status: 501 says that it is well, and has no such thing. */
export const isFailureStatus = (status: number): boolean => status >= 500 && status !== 501
