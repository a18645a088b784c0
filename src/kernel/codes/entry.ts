/** What is known of one kind of mistake: a section of the reference page, and what `check --explain` prints. */
export type CodeEntry = {
  readonly severity: 'error' | 'warning'
  /** A short name, without a stop. */
  readonly title: string
  readonly cause: string
  readonly fix: string
  /** Lines of a workspace that have the mistake, where a line tells it better than words. */
  readonly example?: string
}
