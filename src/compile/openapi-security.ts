import { providers as kinds } from '../catalog.ts'
import type { AuthRule } from '../policies/auth/config.ts'
import type { Plan, PolicyUse } from './plan.ts'

/** What policies ask of who calls; undefined where they ask nothing. */
export const authOf = (policies: readonly PolicyUse[]): AuthRule | undefined => {
  const rule = policies.find(({ name }) => name === 'auth')?.settings as AuthRule | undefined
  return rule === undefined || rule.providers.length === 0 ? undefined : rule
}

/** A rule in a word: `shoppers`, `shoppers or partners (optional)`, `shoppers and device`. */
export const authText = ({ combine, providers, optional }: AuthRule): string =>
  providers.length === 0
    ? 'anonymous'
    : `${providers.join(combine === 'allOf' ? ' and ' : ' or ')}${optional ? ' (optional)' : ''}`

/** An operation's `security`. An empty requirement says that a request may come without any. */
export const securityOf = (rule: AuthRule | undefined): readonly object[] | undefined => {
  if (rule === undefined) return undefined
  const { combine, providers, optional } = rule
  const together = Object.fromEntries(providers.map((name) => [name, []]))
  return [...(optional ? [{}] : []), ...(combine === 'allOf' ? [together] : providers.map((name) => ({ [name]: [] })))]
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
