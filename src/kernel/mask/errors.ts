import { parseLossless } from '../json.ts'
import { Problem } from '../problem.ts'
import { maskJson } from './json.ts'
import type { Masker } from './masker.ts'

/** Whether a body is one of GraphQL that has errors. */
export const tellsErrors = (body: string): boolean => body.startsWith('{"errors":')

/**
 * What tells of errors, masked: a message may repeat what a client or a service said. The data beside errors of GraphQL
 * is masked already, by paths of its own; patterns find nothing in it a second time.
 */
export const maskErrorText = (text: string, masker: Masker): string => {
  if (!text.startsWith('{')) return masker.text(text)
  return maskJson(text, masker, { removed: 'gone', ...(tellsErrors(text) && { root: masker.errors }) })
}

/** A problem as a caller may see it. */
export const maskProblem = (problem: Problem, masker: Masker | undefined): Problem => {
  if (masker === undefined) return problem
  const { code, message, status, headers, service, refused, details, reason } = problem
  return new Problem(code, masker.text(message), {
    status,
    headers,
    refused,
    reason,
    details: parseLossless(maskJson(JSON.stringify(details), masker, { removed: 'gone' })) as typeof details,
    cause: problem,
    ...(service !== undefined && { service }),
  })
}
