import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeKeys, signToken } from '../../examples/shop/keys.ts'
import { type Shop, startShop } from '../../examples/shop/start.ts'
import { startGateway, type TestGateway } from './gateway.ts'
import { temporaryShop } from './workspace.ts'

export type ShopGateway = TestGateway & {
  readonly shop: Shop
  /** A token of a customer, with the scopes given. */
  readonly token: (subject?: string, scope?: string) => Promise<string>
  /** Asks as the customer u-1. */
  readonly get: (path: string, init?: RequestInit) => Promise<Response>
  readonly post: (path: string, body: unknown, headers?: Readonly<Record<string, string>>) => Promise<Response>
  /** Calls all services received since the last time, in no order. */
  readonly calls: () => readonly string[]
}

/** The reference workspace with other timeouts over the shop's real services, all in this process on free ports. */
export const startShopGateway = async (
  options: {
    readonly development?: boolean
    readonly reviewIntervalMs?: number
    /** How long each service may take; ample by default. */
    readonly timeout?: string
    readonly env?: Readonly<Record<string, string>>
  } = {},
): Promise<ShopGateway> => {
  const keys = await mkdtemp(join(tmpdir(), 'portico-keys-'))
  await makeKeys(keys)
  const shop = await startShop({ reviewIntervalMs: options.reviewIntervalMs ?? 0 })
  const env = {
    ...shop.env,
    SHOP_JWKS: join(keys, 'jwks.json'),
    PORTICO_LISTEN: '127.0.0.1:0',
    PORTICO_PROBES: '127.0.0.1:0',
    ...options.env,
  }
  const workspace = await temporaryShop({
    'portico.yaml': readFileSync('portico.yaml', 'utf8').replaceAll(
      / timeout: 800ms$/gm,
      ` timeout: ${options.timeout ?? '20s'}`,
    ),
  })
  const started = await startGateway(workspace.dir, {
    env,
    development: options.development ?? false,
  })
  const own = await signToken(keys)
  const services = [shop.users, shop.orders, shop.catalog, shop.reviews, shop.payments]
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(started.url + path, {
      ...init,
      headers: { authorization: `Bearer ${own}`, ...(init.headers as Record<string, string>) },
    })
  return {
    ...started,
    shop,
    token: (subject, scope) => signToken(keys, subject, scope),
    get: ask,
    post: (path, body, headers) =>
      ask(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    calls() {
      const names = services.flatMap(({ name, calls }) => calls.list().map((call) => `${name} ${call.name}`))
      for (const { calls } of services) calls.clear()
      return names
    },
    async close() {
      await started.close()
      await shop.close()
      await workspace.remove()
      await rm(keys, { recursive: true, force: true })
    },
  }
}
