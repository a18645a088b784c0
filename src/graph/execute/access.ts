import type { Identity } from '../../kernel/caller.ts'
import { isRawNumber, type Json, numberText } from '../../kernel/json.ts'
import { Problem, unauthenticated } from '../../kernel/problem.ts'
import type { AccessRule } from '../graph.ts'

/** Why a rule refuses a caller; undefined when it does not. */
export const refusal = (rule: AccessRule, identity: Identity | undefined): Problem | undefined => {
  if (rule.public) return undefined
  if (identity === undefined) return unauthenticated()
  const known = rule.providers.length === 0 ? identity : knownBy(rule.providers, identity)
  if (known === undefined) return new Problem('PERMISSION_DENIED', 'The caller may not see this.')
  const scoped = rule.scopes.length === 0 || rule.scopes.some((all) => all.every((scope) => known.scopes.has(scope)))
  const claimed = Object.entries(rule.claims).every(([name, wanted]) => holds(known.claims[name], wanted))
  return scoped && claimed ? undefined : new Problem('PERMISSION_DENIED', 'The caller may not see this.')
}

/** As the first provider of the first alternative knows the caller whose providers all do. */
const knownBy = (alternatives: AccessRule['providers'], identity: Identity): Identity | undefined => {
  const all = [identity, ...(identity.beside ?? [])]
  const of = (name: string | undefined): Identity | undefined => all.find(({ provider }) => provider === name)
  const alternative = alternatives.find((names) => names.every((name) => of(name) !== undefined))
  return of(alternative?.[0])
}

/** Exact equality, or exact membership where the claim is a list: `admin` is not in `administrator`. */
const holds = (claim: unknown, wanted: Json): boolean =>
  Array.isArray(claim) ? claim.some((item) => same(item, wanted)) : same(claim, wanted)

const same = (claim: unknown, wanted: Json): boolean =>
  claim === wanted || (isRawNumber(claim) && typeof wanted === 'number' && numberText(claim) === String(wanted))
