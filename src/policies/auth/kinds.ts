import { z } from 'zod'
import { apiKey } from './api-key/kind.ts'
import type { ApiKeyProvider } from './api-key/provider.ts'
import type {
  Authenticator,
  AuthenticatorTools,
  CompiledProvider,
  Holders,
  ProviderContext,
  ProviderKind,
} from './authenticator.ts'
import { basic } from './basic/kind.ts'
import type { BasicProvider } from './basic/provider.ts'
import { jwt } from './jwt/kind.ts'
import type { JwtProvider } from './jwt/provider.ts'
import { mtls } from './mtls/kind.ts'
import type { MtlsProvider } from './mtls/provider.ts'
import { oauth2 } from './oauth2/kind.ts'
import type { OAuth2Provider } from './oauth2/provider.ts'

/** Every kind of provider stands here by the key of its settings; nothing registers itself. */

/** A provider of `auth:` as the plan knows it: everything checked, nothing open. */
export type Provider = JwtProvider | ApiKeyProvider | BasicProvider | OAuth2Provider | MtlsProvider

/** One entry of `auth:`. */
export const providerConfig = z.union([jwt.config, apiKey.config, basic.config, oauth2.config, mtls.config])

export const compileProvider = (
  name: string,
  config: z.output<typeof providerConfig>,
  context: ProviderContext,
): Promise<CompiledProvider<Provider>> => {
  if ('apiKey' in config) return apiKey.compile(name, config, context)
  if ('basic' in config) return basic.compile(name, config, context)
  if ('mtls' in config) return mtls.compile(name, config, context)
  if ('oauth2' in config) return oauth2.compile(name, config, context)
  return jwt.compile(name, config, context)
}

/** Headers in lower case that bear credentials of these providers, beside Authorization. */
export const credentialHeadersOf = (configs: readonly z.output<typeof providerConfig>[]): readonly string[] =>
  configs.flatMap((config) => ('apiKey' in config ? [config.apiKey.header.toLowerCase()] : []))

const kinds = { jwt, apiKey, basic, oauth2, mtls } as const satisfies { readonly [Kind in Provider['kind']]: object }

/** The methods of a kind take any provider to the compiler; each gets those of its own kind alone. */
const kindOf = ({ kind }: Provider): Pick<ProviderKind<z.ZodType, Provider>, 'scheme' | 'holders' | 'open'> =>
  kinds[kind]

/** What OpenAPI says of a provider: a Security Scheme Object. */
export const schemeOf = (provider: Provider): object => kindOf(provider).scheme(provider)

/** What is known of a provider's callers before they come. */
export const holdersOf = (provider: Provider): Holders => kindOf(provider).holders(provider)

export const openProvider = async (provider: Provider, tools: AuthenticatorTools): Promise<Authenticator> =>
  kindOf(provider).open(provider, tools)
