import { boundedFetch, isSafeSource } from '../../../kernel/bounded-fetch.ts'

/** How long an issuer may take for an answer. */
export const fetchTimeoutMs = 3_000

/**
 * Where an issuer has its keys, asked anew each time (OpenID Connect Discovery 1.0 §4). The answer has to be that
 * issuer's own to the letter (§4.3), or one issuer could speak for another.
 */
export const discoverKeys = (issuer: string): (() => Promise<string>) => {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  return async () => {
    const response = await boundedFetch(address, {
      redirect: 'error',
      signal: AbortSignal.timeout(fetchTimeoutMs),
      headers: { accept: 'application/json' },
    })
    if (response.status !== 200) throw new Error(`The issuer answered ${response.status} for its configuration.`)
    const found = (await response.json()) as { readonly issuer?: unknown; readonly jwks_uri?: unknown } | null
    if (found?.issuer !== issuer) throw new Error('The configuration is that of another issuer.')
    const { jwks_uri: keys } = found
    if (typeof keys !== 'string' || !URL.canParse(keys) || !isSafeSource(new URL(keys)))
      throw new Error('The configuration names no keys that are fetched over https.')
    return keys
  }
}
