/** How long an issuer may take for its configuration, and for its keys. */
export const fetchTimeoutMs = 3_000
/** Both are a few KiB. */
const mostBytes = 1_048_576

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Over anything but https, whoever is in between can replace keys; but within this machine nobody is. */
export const isSafeSource = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && loopback.test(hostname))

/** `fetch` of an answer that is not too large. Rejects where it is. */
export const boundedFetch = async (url: string, options?: RequestInit): Promise<Response> => {
  const { body, status, headers } = await fetch(url, options)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += (chunk as Uint8Array).byteLength
    if (size > mostBytes) throw new Error(`The answer has more than ${mostBytes} bytes.`)
    chunks.push(chunk as Uint8Array)
  }
  return new Response(Buffer.concat(chunks), { status, headers: { 'content-type': headers.get('content-type') ?? '' } })
}

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
