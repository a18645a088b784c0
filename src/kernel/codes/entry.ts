/**
 * How bad something is. `check` tells errors, which nothing starts with, and warnings; `audit` weighs what works and
 * gives something to an attacker.
 */
export type Severity = 'error' | 'warning' | Weight
export type Weight = (typeof weights)[number]

/** The gravest first. */
export const weights = ['high', 'medium', 'low', 'info'] as const

/** What is known of one kind of mistake: a section of the reference page, and what `check --explain` prints. */
export type CodeEntry = {
  readonly severity: Severity
  /** A short name, without a stop. */
  readonly title: string
  readonly cause: string
  readonly fix: string
  /** Lines of a workspace that have the mistake, where a line tells it better than words. */
  readonly example?: string
}
