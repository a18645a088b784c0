import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
// @ts-expect-error The package has no types.
import { Provider } from 'oidc-provider'

/** An OpenID provider that grants tokens to one client by its own credentials. */
export type TestOidc = {
  readonly issuer: string
  readonly client: { readonly id: string; readonly secret: string }
  /** An access token for `shop`: signed, or opaque and to be asked about. */
  readonly token: (form: 'jwt' | 'opaque') => Promise<string>
  readonly revoke: (token: string) => Promise<void>
  /** Paths of the requests it got. */
  readonly asked: readonly string[]
  readonly stop: () => Promise<void>
}

const client = { id: 'till', secret: 'the secret of a till, long enough for HS256' }

/** A real one (npm oidc-provider) on a free port, or on a given one; its signing key is named by `kid`. */
export const startOidc = async (kid: string, port = 0): Promise<TestOidc> => {
  const asked: string[] = []
  let answer: RequestListener = (_request, response) => response.destroy()
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        scope: 'orders:read',
      },
    ],
    scopes: ['orders:read'],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: 'orders:read',
          audience: 'shop',
          accessTokenFormat: resource.endsWith('jwt') ? 'jwt' : 'opaque',
          accessTokenTTL: 300,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  })
  answer = provider.callback() as RequestListener
  const post = (path: string, form: Readonly<Record<string, string>>): Promise<Response> =>
    fetch(issuer + path, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${encodeURIComponent(client.id)}:${encodeURIComponent(client.secret)}`).toString('base64')}`,
      },
      body: new URLSearchParams(form),
    })
  return {
    issuer,
    client,
    asked,
    async token(form) {
      const resource = `https://shop.test/${form}`
      const response = await post('/token', { grant_type: 'client_credentials', scope: 'orders:read', resource })
      const { access_token: token } = (await response.json()) as { readonly access_token?: string }
      if (token === undefined) throw new Error(`The provider gave no token: ${response.status}.`)
      return token
    },
    async revoke(token) {
      await post('/token/revocation', { token })
    },
    async stop() {
      if (!server.listening) return
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
