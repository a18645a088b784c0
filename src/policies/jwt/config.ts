import { z } from 'zod'
import { duration, nameKey, oneOrMore } from '../../config/scalars.ts'

const asymmetric = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const
const symmetric = ['HS256', 'HS384', 'HS512'] as const

/** One entry of `auth:`, a provider that verifies JSON Web Tokens (RFC 7519). */
export const jwtProviderConfig = z.strictObject({
  jwt: z
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
      clockSkew: duration.default(5_000).describe('How far clocks may differ when `exp` and `nbf` are checked.'),
      scopeClaim: z
        .string()
        .default('scope')
        .describe('The claim that holds scopes, as a list or separated by spaces.'),
    })
    .refine((jwt) => (jwt.jwks === undefined) !== (jwt.secret === undefined), {
      error: 'Give exactly one of jwks and secret.',
    })
    .refine(
      (jwt) =>
        !jwt.algorithms?.some((a) => (symmetric as readonly string[]).includes(a) !== (jwt.secret !== undefined)),
      {
        error: 'HS algorithms go with secret, the others with jwks.',
        path: ['algorithms'],
      },
    ),
})

export type JwtProviderConfig = z.output<typeof jwtProviderConfig>['jwt']

/** The `auth` of a BFF or route: the provider whose tokens are verified, and whether callers may come without one. */
export const authConfig = z.union([nameKey, z.strictObject({ provider: nameKey, optional: z.boolean() })])
