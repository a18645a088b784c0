import { providers as kinds } from '../catalog.ts'
import { type AccessRule, type Alternatives, accessRule, neededBy } from '../kernel/access.ts'
import type { AuthRule } from '../policies/auth/config.ts'
import type { Plan, PolicyUse } from './plan.ts'

/** What policies ask of who calls; undefined where they ask nothing. */
export const authOf = (policies: readonly PolicyUse[]): AuthRule | undefined => {
  const rule = policies.find(({ name }) => name === 'auth')?.settings as AuthRule | undefined
  return rule === undefined || rule.providers.length === 0 ? undefined : rule
}

/**
 * A rule in a word: `shoppers`, `shoppers or partners (optional)`, `shoppers and device`; and what else it asks:
 * `shoppers with roles admin|staff, scopes orders+eu, claims tier=gold, match path.tenant=claims.tenant`.
 */
export const authText = ({ combine, providers, optional, require }: AuthRule): string => {
  if (providers.length === 0) return 'anonymous'
  const who = `${providers.join(combine === 'allOf' ? ' and ' : ' or ')}${optional ? ' (optional)' : ''}`
  return require === undefined ? who : `${who} with ${ruleText(require)}`
}

/** `match tenant=claims.tenant`. */
export const matchText = ({ match }: Pick<AccessRule, 'match'>): string => ruleText({ ...accessRule({}), match })

const ruleText = (rule: AccessRule): string =>
  Object.entries(neededBy(rule))
    .map(([part, asked]) => {
      if (part === 'claims' || part === 'match') {
        const values = Object.entries(asked as Readonly<Record<string, unknown>>)
        const named = (value: unknown): string =>
          part === 'match' && value !== 'subject' ? `claims.${String(value)}` : [value].flat().map(String).join('|')
        return `${part} ${values.map(([name, value]) => `${name}=${named(value)}`).join(' ')}`
      }
      return `${part} ${(asked as Alternatives).map((all) => all.join('+')).join('|')}`
    })
    .join(', ')

/** More ways than this are no help to a reader. */
const mostWays = 16

/**
 * An operation's `security`: each way in, with the scopes that go together there. An empty one says that a request may
 * come without any. `needed` are rules without which there is no answer.
 */
export const securityOf = (
  rule: AuthRule | undefined,
  needed: readonly AccessRule[] = [],
): readonly object[] | undefined => {
  if (rule === undefined) return undefined
  const asked = needed.filter((one) => !one.public)
  const scopes = [rule.require?.scopes ?? [], ...asked.map((one) => one.scopes)].reduce(bothOf, [])
  const known = rule.providers.filter((name) =>
    asked.every((one) => one.providers.length === 0 || one.providers.some((all) => all.includes(name))),
  )
  const named = known.length === 0 ? rule.providers : known
  const [first = '', ...others] = named
  const ways = (scopes.length === 0 || scopes.length > mostWays ? [[]] : scopes).flatMap((together) =>
    rule.combine === 'allOf'
      ? [Object.fromEntries([[first, together], ...others.map((name) => [name, []])])]
      : named.map((name) => ({ [name]: together })),
  )
  return [...(rule.optional && asked.length === 0 ? [{}] : []), ...ways]
}

/** Scopes of both: each alternative of the one with each of the other. */
const bothOf = (some: Alternatives, more: Alternatives): Alternatives => {
  if (some.length === 0 || more.length === 0) return [...some, ...more]
  return some.flatMap((all) => more.map((others) => [...new Set([...all, ...others])]))
}

/** The schemes that `security` names. */
export const securitySchemes = (apis: readonly (readonly PolicyUse[])[], providers: Plan['providers']): object => {
  const used = new Set(apis.flatMap((policies) => authOf(policies)?.providers ?? []))
  return Object.fromEntries(
    [...used].flatMap((name) => {
      const provider = providers.get(name)
      return provider === undefined ? [] : [[name, kinds.scheme(provider)]]
    }),
  )
}
