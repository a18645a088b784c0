import type { Problem } from '../../kernel/problem.ts'

/** What stands in for the value of a failed call, with the failure: it is still reported. An Error, so that only failures are looked at twice. */
export class Fallback extends Error {
  readonly problem: Problem
  readonly kind: 'stale' | 'value'
  readonly value: unknown
  constructor(problem: Problem, kind: 'stale' | 'value', value: unknown) {
    super(problem.message)
    this.problem = problem
    this.kind = kind
    this.value = value
  }
}
