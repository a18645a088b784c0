import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { JWK } from 'jose'

/** Keys made once for all tests of a process: RSA ones are slow to make. */
export const keys = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  otherRsa: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ed: generateKeyPairSync('ed25519'),
}

export const secret = 'a shared secret of thirty-two bytes or more'

/** The public half of a key as an issuer publishes it. */
export const jwkOf = (key: KeyObject, kid: string, more: Partial<JWK> = {}): JWK => ({
  ...key.export({ format: 'jwk' }),
  kid,
  use: 'sig',
  ...more,
})

/** Claims that are accepted; `undefined` removes one. */
export const claims = (changes: Record<string, unknown> = {}, nowMs = Date.now()): Record<string, unknown> => ({
  iss: 'https://id.test',
  aud: 'shop',
  sub: 'ada',
  exp: Math.floor(nowMs / 1_000) + 300,
  scope: 'orders:read profile',
  ...changes,
})

type Header = Readonly<Record<string, unknown>> & { readonly alg: string }

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token written by hand, so that it can be wrong in any way. `key` is a private key, a text for HMAC, or none. */
export const tokenOf = (header: Header, payload: unknown, key: KeyObject | string | undefined): string => {
  const input = `${part(header)}.${typeof payload === 'string' ? Buffer.from(payload).toString('base64url') : part(payload)}`
  return `${input}.${key === undefined ? '' : signatureOf(header.alg, input, key)}`
}

const signatureOf = (alg: string, input: string, key: KeyObject | string): string => {
  if (typeof key === 'string')
    return createHmac(`sha${alg.slice(2)}`, key)
      .update(input)
      .digest('base64url')
  if (alg === 'EdDSA') return sign(undefined, Buffer.from(input), key).toString('base64url')
  return sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
}

/** An issuer whose keys can be changed and which can fail; it counts how often its keys are fetched. */
export const startIssuer = async (t: TestContext, published: readonly JWK[]) => {
  const state = { keys: published, status: 200, fetches: 0 }
  const server = createServer((_request, response) => {
    state.fetches += 1
    response.writeHead(state.status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: state.keys }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  t.after(stop)
  return { state, stop, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json` }
}
