import { isWrittenOut } from '../../config/places.ts'
import type { Path } from '../../config/shape.ts'
import type { Found, Ground, Rule } from './finding.ts'

/** How callers are known, and what becomes of a credential that is stolen. */
export const credentialRules: readonly Rule[] = [
  ({ plan }) => [...plan.providers.values()].flatMap(weaknesses),
  (ground) =>
    signingSecrets(ground)
      .filter(({ secret }) => isGuessed(secret))
      .map(({ path }) => ({
        code: 'PORTICO-729',
        path,
        message: 'The secret can be guessed: make one by `openssl rand -base64 48`.',
      })),
  (ground) =>
    secretsOf(ground)
      .filter((path) => isWrittenOut(path, ground.places.written(path) ?? ''))
      .map((path) => ({
        code: 'PORTICO-723',
        path,
        message: 'The secret stands in the file: take it from `"${NAME}"` or `file:`, and replace it where it is used.',
      })),
]

type Provider = Ground['plan']['providers'] extends ReadonlyMap<string, infer One> ? One : never
type Issuer = Extract<Provider, { readonly kind: 'jwt' }>['issuers'][number]

const weaknesses = (provider: Provider): readonly Found[] => {
  const below = (...path: Path): Path => ['auth', provider.name, ...path]
  switch (provider.kind) {
    case 'jwt':
      return provider.issuers.flatMap((issuer, index) =>
        ofIssuer(issuer, below('jwt', ...(provider.issuers.length > 1 ? [index] : []))),
      )
    case 'apiKey': {
      const endless = provider.keys.filter(({ expires, revoked }) => expires === undefined && revoked === undefined)
      const ids = endless.map(({ id, owner }) => `${id} of ${owner}`)
      const shown = [...ids.slice(0, 3), ...(ids.length > 3 ? [`${ids.length - 3} more`] : [])].join(', ')
      return [
        ...when(endless.length > 0, {
          code: 'PORTICO-725',
          path: below('apiKey', 'file'),
          message: `Keys without an end: ${shown}. Rotate them by \`portico keys rotate\` with \`--expires\`.`,
        }),
        ...when(provider.query !== undefined, {
          code: 'PORTICO-727',
          path: below('apiKey', 'query'),
          message: `Keys may stand in addresses (?${provider.query}=…), which many write down: take the header alone.`,
        }),
      ]
    }
    case 'basic':
      return when(provider.overAnything, {
        code: 'PORTICO-726',
        path: below('basic', 'transport'),
        message: 'Passwords are taken over plain HTTP: leave `transport: tls`.',
      })
    case 'mtls':
      // Its certificates are those of `tls.clients`, which is looked at there.
      return []
    case 'oauth2':
      return when(provider.audience === undefined, {
        code: 'PORTICO-721',
        path: below('oauth2'),
        message:
          'Any active token of the authorization server is taken, whomever it was made for: name the `audience`.',
      })
  }
}

/** Longer than machines with NTP are ever apart. */
const mostSkewMs = 60_000

const ofIssuer = (issuer: Issuer, path: Path): readonly Found[] => [
  ...when(issuer.keys.kind === 'secret', {
    code: 'PORTICO-720',
    path: [...path, 'secret'],
    message: `Whoever verifies tokens of ${issuer.name} can make them (${issuer.algorithms.join(', ')}): let it sign with ES256, and give \`jwks\`.`,
  }),
  ...when(issuer.clockSkewMs > mostSkewMs, {
    code: 'PORTICO-722',
    path: [...path, 'clockSkew'],
    message: `Tokens are taken for ${issuer.clockSkewMs / 1_000} s after their end: a few seconds do.`,
  }),
  ...when(issuer.maxLifetimeMs === undefined && issuer.revocation === undefined, {
    code: 'PORTICO-724',
    path,
    message: `A token of ${issuer.name} is good until it says itself that it is not: set \`maxLifetime\` or \`revocation\`.`,
  }),
  ...when(issuer.revocation?.failClosed === false, {
    code: 'PORTICO-728',
    path: [...path, 'revocation', 'whenDown'],
    message: 'While Redis is away every revoked token is taken: leave `whenDown: refuse`.',
  }),
]

/** Of which anybody who has a token, or a hash, can try as many as a machine can count. */
const signingSecrets = ({ config }: Ground): readonly { readonly path: Path; readonly secret: string }[] => [
  ...Object.entries(config.auth).flatMap(([name, provider]) =>
    'jwt' in provider
      ? provider.jwt.flatMap((one, index) =>
          'secret' in one && one.secret !== undefined
            ? [
                {
                  path: ['auth', name, 'jwt', ...(provider.jwt.length > 1 ? [index] : []), 'secret'],
                  secret: one.secret,
                },
              ]
            : [],
        )
      : [],
  ),
  ...(config.mask?.secret === undefined ? [] : [{ path: ['mask', 'secret'], secret: config.mask.secret }]),
]

const usualWords = /secret|passw|change|example|default|test|qwert|letmein|admin|1234|abcd/gi
const leastOther = 16
const leastDistinct = 10

/** What is left without the words that people write there is short, or a few characters over and over. */
const isGuessed = (secret: string): boolean =>
  secret.replaceAll(usualWords, '').length < leastOther || new Set(secret).size < leastDistinct

/** One finding, or none. */
const when = (isSo: boolean, found: Found): readonly Found[] => (isSo ? [found] : [])

/** Where secrets may stand; of providers of tokens in both forms, of which one is there. */
const secretsOf = ({ config }: Ground): readonly Path[] => [
  ...Object.entries(config.auth).flatMap(([name, provider]): Path[] => {
    if ('oauth2' in provider) return [['auth', name, 'oauth2', 'clientSecret']]
    if (!('jwt' in provider)) return []
    return [['auth', name, 'jwt', 'secret'], ...provider.jwt.map((_, index) => ['auth', name, 'jwt', index, 'secret'])]
  }),
  ...Object.keys(config.services).map((name) => ['services', name, 'identity', 'service', 'clientSecret']),
  ['mask', 'secret'],
  ['redis'],
]
