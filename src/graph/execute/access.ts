import { memberAt, refusal as refusedBy } from '../../kernel/access.ts'
import type { Identity } from '../../kernel/caller.ts'
import { asProblem, type Problem } from '../../kernel/problem.ts'
import type { AccessRule } from '../graph.ts'

/** Why a rule refuses a caller who gives these variables; undefined when it does not. */
export const refusal = (
  rule: AccessRule,
  identity: Identity | undefined,
  variables: Readonly<Record<string, unknown>> = {},
): Problem | undefined => {
  if (rule.argumentsOf === undefined) return refusedBy(rule, identity)
  try {
    const args = rule.argumentsOf(variables)
    return refusedBy(rule, identity, (said) => memberAt(args, said))
  } catch (thrown) {
    return asProblem(thrown)
  }
}
