import { z } from 'zod'
import { duration, oneOrMore, size } from '../../../config/scalars.ts'
import { wordClaims } from '../bearer.ts'

const asymmetric = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const
const symmetric = ['HS256', 'HS384', 'HS512'] as const

const tokenConfig = {
  audience: oneOrMore(z.string()).describe('The `aud` a token must bear, or several of which one suffices.'),
  algorithms: z
    .array(z.enum([...asymmetric, ...symmetric]))
    .min(1)
    .optional()
    .describe('Accepted algorithms. By default RS256, ES256 and EdDSA, with `secret` HS256.'),
  clockSkew: duration.default(5_000).describe('How far clocks may differ when `exp`, `nbf` and `iat` are checked.'),
  scopeClaim: z.string().default('scope').describe('The claim that holds scopes, as a list or separated by spaces.'),
  ...wordClaims,
  requiredClaims: z
    .array(z.string())
    .default([])
    .describe('Claims that have to be there, beside `iss`, `aud` and `exp`.'),
  type: z
    .string()
    .transform((type) => type.toLowerCase().replace(/^application\//, ''))
    .optional()
    .describe('The `typ` of tokens, such as `at+jwt` for access tokens (RFC 9068). Not looked at when absent.'),
  maxSize: size.default(8_192).describe('The largest token.'),
  maxLifetime: duration
    .optional()
    .describe('How long a token may be valid from its `iat` on, which it then has to bear. Not bounded when absent.'),
  revocation: z
    .strictObject({
      staleness: duration
        .default(1_000)
        .describe('How long an answer of Redis holds: the longest that a token is still taken after it was revoked.'),
      whenDown: z
        .enum(['refuse', 'accept'])
        .default('refuse')
        .describe('What becomes of tokens while Redis does not answer: 503, or nothing is revoked.'),
    })
    .optional()
    .describe(
      'Tokens are held against `portico:revoked:<provider>:jti:<jti>` and `portico:revoked:<provider>:sub:<sub>` in `redis`. Not when absent.',
    ),
}

const givenKeys = z
  .strictObject({
    issuer: z.string().describe('The `iss` a token must bear.'),
    jwks: z.string().optional().describe('Public keys (RFC 7517): an https URL, or a file of the workspace.'),
    secret: z
      .string()
      .optional()
      .describe(
        'A shared secret of at least 32 bytes, for HS256, HS384 and HS512; better from the environment or `file:`.',
      ),
    ...tokenConfig,
  })
  .refine((jwt) => (jwt.jwks === undefined) !== (jwt.secret === undefined), {
    error: 'Give exactly one of jwks and secret.',
  })
  .refine(
    (jwt) => !jwt.algorithms?.some((a) => (symmetric as readonly string[]).includes(a) !== (jwt.secret !== undefined)),
    {
      error: 'HS algorithms go with secret, the others with jwks.',
      path: ['algorithms'],
    },
  )

const discoveredKeys = z
  .strictObject({
    discovery: z
      .string()
      .describe(
        'The issuer, which says where its keys are (OpenID Connect Discovery): an https URL, and the `iss` a token must bear.',
      ),
    ...tokenConfig,
  })
  .refine((jwt) => !jwt.algorithms?.some((a) => (symmetric as readonly string[]).includes(a)), {
    error: 'HS algorithms go with secret, the others with discovery.',
    path: ['algorithms'],
  })

/** An entry of `auth:` that verifies JSON Web Tokens (RFC 7519), of one issuer or of several. */
export const jwtProviderConfig = z.strictObject({ jwt: oneOrMore(z.union([givenKeys, discoveredKeys])) })

export type JwtProviderConfig = z.output<typeof jwtProviderConfig>
export type JwtIssuerConfig = JwtProviderConfig['jwt'][number]
