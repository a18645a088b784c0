import { z } from 'zod'
import { duration, oneOrMore, size } from '../../../config/scalars.ts'

const asymmetric = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const
const symmetric = ['HS256', 'HS384', 'HS512'] as const

const issuerConfig = z
  .strictObject({
    issuer: z.string().describe('The `iss` a token must bear.'),
    audience: oneOrMore(z.string()).describe('The `aud` a token must bear, or several of which one suffices.'),
    jwks: z.string().optional().describe('Public keys (RFC 7517): an https URL, or a file of the workspace.'),
    secret: z
      .string()
      .optional()
      .describe(
        'A shared secret of at least 32 bytes, for HS256, HS384 and HS512; better from the environment or `file:`.',
      ),
    algorithms: z
      .array(z.enum([...asymmetric, ...symmetric]))
      .min(1)
      .optional()
      .describe('Accepted algorithms. By default RS256, ES256 and EdDSA with `jwks`, HS256 with `secret`.'),
    clockSkew: duration.default(5_000).describe('How far clocks may differ when `exp`, `nbf` and `iat` are checked.'),
    scopeClaim: z.string().default('scope').describe('The claim that holds scopes, as a list or separated by spaces.'),
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

/** An entry of `auth:` that verifies JSON Web Tokens (RFC 7519), of one issuer or of several. */
export const jwtProviderConfig = z.strictObject({ jwt: oneOrMore(issuerConfig) })

export type JwtIssuerConfig = z.output<typeof issuerConfig>
export type JwtProviderConfig = z.output<typeof jwtProviderConfig>
