import { z } from 'zod'
import type { Authenticator, AuthenticatorTools, CompiledProvider, ProviderContext } from './authenticator.ts'
import { jwt } from './jwt/kind.ts'
import type { JwtProvider } from './jwt/provider.ts'

/** Every kind of provider stands here by the key of its settings; nothing registers itself. */

/** A provider of `auth:` as the plan knows it: everything checked, nothing open. */
export type Provider = JwtProvider

/** One entry of `auth:`. */
export const providerConfig = z.union([jwt.config])

export const compileProvider = (
  name: string,
  config: z.output<typeof providerConfig>,
  context: ProviderContext,
): Promise<CompiledProvider<Provider>> => jwt.compile(name, config, context)

/** What OpenAPI says of a provider: a Security Scheme Object. */
export const schemeOf = (provider: Provider): object => jwt.scheme(provider)

export const openProvider = async (provider: Provider, tools: AuthenticatorTools): Promise<Authenticator> =>
  jwt.open(provider, tools)
