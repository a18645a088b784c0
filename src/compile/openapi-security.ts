import type { Plan, PolicyUse } from './plan.ts'

/** A provider of `auth:` that a request meets, and whether it may come without a token. */
export type RequiredToken = { readonly provider: string; readonly optional: boolean }

/** The tokens that policies ask for. */
export const authOf = (policies: readonly PolicyUse[]): readonly RequiredToken[] =>
  policies.flatMap(({ name, settings }) => {
    if (name !== 'auth') return []
    return typeof settings === 'string' ? { provider: settings, optional: false } : (settings as RequiredToken)
  })

/** An operation's `security`. An empty requirement says that a request may come without any. */
export const securityOf = (tokens: readonly RequiredToken[]): readonly object[] | undefined =>
  tokens.length === 0
    ? undefined
    : tokens.flatMap(({ provider, optional }) => [...(optional ? [{}] : []), { [provider]: [] }])

/** The schemes that `security` names (RFC 6750). */
export const securitySchemes = (policies: readonly PolicyUse[], providers: Plan['providers']): object => {
  const used = new Set(authOf(policies).map(({ provider }) => provider))
  return Object.fromEntries(
    [...used].map((name) => {
      const issuer = providers.get(name)?.issuer
      const said = issuer === undefined ? {} : { description: `A token that ${issuer} has issued.` }
      return [name, { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', ...said }]
    }),
  )
}
