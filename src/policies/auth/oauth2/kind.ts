import { createSecretKey } from 'node:crypto'
import { z } from 'zod'
import { duration, oneOrMore } from '../../../config/scalars.ts'
import { isSafeSource } from '../../../kernel/bounded-fetch.ts'
import { defineProvider } from '../authenticator.ts'
import { wordClaims } from '../bearer.ts'
import { openIntrospection } from './open.ts'
import type { OAuth2Provider } from './provider.ts'

const config = z.strictObject({
  oauth2: z.strictObject({
    introspection: z.string().describe('Where the authorization server tells of tokens (RFC 7662): an https URL.'),
    clientId: z.string().min(1).describe('As whom the gateway asks.'),
    clientSecret: z.string().min(1).describe('Its secret; better from the environment or `file:`.'),
    audience: oneOrMore(z.string())
      .optional()
      .describe('The `aud` a token must have, or several of which one suffices. Not looked at when absent.'),
    maxAge: duration
      .default(60_000)
      .describe('How long an answer holds: the longest that a token is still taken after it was revoked.'),
    ...wordClaims,
    timeout: duration.default(2_000).describe('How long the authorization server may take; 503 after that.'),
  }),
})

/** Opaque tokens (RFC 6750), of which the authorization server says whose they are (RFC 7662). */
export const oauth2 = defineProvider<typeof config, OAuth2Provider>({
  config,
  async compile(name, { oauth2: { introspection, clientId, clientSecret, ...rest } }, { placeOf }) {
    const place = placeOf(['auth', name, 'oauth2', 'introspection'])
    const coordinate = `auth.${name}.oauth2.introspection`
    const message = 'Tokens and the secret of the gateway are sent there: give an https URL, without a password in it.'
    if (!URL.canParse(introspection) || !isSafeSource(new URL(introspection)))
      return {
        provider: undefined,
        diagnostics: [{ severity: 'error', code: 'PORTICO-013', place, coordinate, message }],
        files: [],
      }
    const client = { id: clientId, secret: createSecretKey(Buffer.from(clientSecret)) }
    const { maxAge: maxAgeMs, timeout: timeoutMs, ...told } = rest
    const provider = {
      kind: 'oauth2',
      name,
      url: introspection,
      client,
      ...told,
      audience: rest.audience,
      maxAgeMs,
      timeoutMs,
    } as const
    return { provider, diagnostics: [], files: [] }
  },
  scheme: () => ({ type: 'http', scheme: 'bearer' }),
  holders: () => undefined,
  open: openIntrospection,
})
