import { defineProvider } from '../authenticator.ts'
import { compileJwtProvider } from './compile.ts'
import { jwtProviderConfig } from './config.ts'
import { openJwt } from './open.ts'
import type { JwtProvider } from './provider.ts'

/** JSON Web Tokens (RFC 7519) in the Authorization header (RFC 6750). */
export const jwt = defineProvider<typeof jwtProviderConfig, JwtProvider>({
  config: jwtProviderConfig,
  compile: compileJwtProvider,
  scheme: ({ issuers }) => ({
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: `A token that ${issuers.map((issuer) => issuer.name).join(' or ')} has issued.`,
  }),
  holders: () => undefined,
  open: openJwt,
})
