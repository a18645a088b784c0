import { SignJWT } from 'jose'

/** What the tests' issuer signs with: an `auth` provider with these settings verifies its tokens. */
export const issuer = {
  issuer: 'https://id.test',
  audience: 'portico',
  secret: 'a shared secret of thirty-two bytes or more',
} as const

/** Times are fixed, so that equal claims make equal tokens. */
const issuedAt = 1_700_000_000
const expires = 4_102_444_800

/** A token (JWT, HS256) with these claims beside `iss`, `aud`, `iat` and `exp`, which they may replace. */
export const signToken = (claims: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  new SignJWT({ iss: issuer.issuer, aud: issuer.audience, iat: issuedAt, exp: expires, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(issuer.secret))
