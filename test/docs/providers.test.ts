import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { runProgram } from '../../src/cli/program.ts'
import { claims, jwkOf, keys, tokenOf } from '../policies/auth/jwt/issuer.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { startOidc } from '../support/oidc.ts'
import { startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const folder = 'docs/guides/securing'

describe('the pages on providers show what works', () => {
  it('API keys: made, listed, rotated and revoked by the commands of the page', async (t) => {
    const { yaml, commands } = readGuide('api-keys.md')
    const { dir, start } = await workspace(t, yaml[0])
    const portico = async (line: string): Promise<string> => {
      let out = ''
      const terminal = { out: (text: string) => (out += text), err: () => undefined, colours: false }
      assert.equal(await runProgram([...line.split(' ').slice(1), '--dir', dir], terminal, '0'), 0, line)
      return out.trim()
    }
    const [create = '', list = '', rotate = '', revoke = ''] = commands
    const key = await portico(create)
    const id = key.split('_')[1] ?? ''
    assert.match(await portico(list), new RegExp(`^${id}  acme  gold  orders:read,role:buyer  until `))
    const { ask, reload } = await start()
    assert.equal((await ask({})).status, 401)
    const { status, seen } = await ask({ 'x-api-key': key })
    assert.deepEqual([status, seen?.['x-auth-subject'], seen?.['x-api-key']], [200, 'acme', undefined])
    const named = (line: string): string => line.replace(/ [0-9a-f]{16}\b/, ` ${id}`)
    const next = await portico(named(rotate))
    await reload()
    assert.deepEqual([(await ask({ 'x-api-key': key })).status, (await ask({ 'x-api-key': next })).status], [200, 200])
    await portico(named(revoke))
    await reload()
    assert.deepEqual([(await ask({ 'x-api-key': key })).status, (await ask({ 'x-api-key': next })).status], [401, 200])
  })

  it('passwords: a line by the command of the page, taken over TLS alone', async (t) => {
    const { yaml, commands } = readGuide('passwords.md')
    const { dir, start } = await workspace(t, `trustedProxies: [127.0.0.0/8]\n${yaml[0]}`)
    const [, command = '', file = ''] = /^portico (.+) < \S+ >> (\S+)$/.exec(commands[0] ?? '') ?? []
    const hashing = spawn(process.execPath, ['src/main.ts', ...command.split(' ')])
    hashing.stdin.end('opensesame\n')
    const [line] = (await once(hashing.stdout.setEncoding('utf8'), 'data')) as [string]
    await mkdir(dirname(join(dir, file)), { recursive: true })
    await writeFile(join(dir, file), line)
    const { ask } = await start()
    const authorization = `Basic ${Buffer.from('ada:opensesame').toString('base64')}`
    assert.equal((await ask({ authorization })).status, 401)
    const { status, seen } = await ask({ authorization, 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.1' })
    assert.deepEqual([status, seen?.['x-auth-subject'], seen?.authorization], [200, 'ada', undefined])
  })

  it('tokens: of each issuer, by the rules that the page gives it', async (t) => {
    const { yaml } = readGuide('tokens.md')
    const issuers = await startIssuers(t)
    const { start } = await workspace(t, issuers.into(yaml[0] ?? ''))
    const { ask } = await start()
    assert.equal((await ask({})).status, 401)
    for (const [issuer, more, status] of [
      ['shop', {}, 200],
      ['shop', { tenant: undefined }, 401],
      ['shop', { aud: 'other' }, 401],
      ['a', {}, 200],
      ['b', {}, 200],
      ['c', {}, 401],
    ] as const)
      assert.equal((await ask({ authorization: issuers.bearer(issuer, more) })).status, status, JSON.stringify(more))
  })

  it('tokens that are revoked, by the commands of the page', async (t) => {
    const { yaml, commands } = readGuide('tokens.md')
    const issuers = await startIssuers(t)
    const store = await startRedis()
    const redis = new Redis(store.url)
    t.after(async () => {
      redis.disconnect()
      await store.stop()
    })
    const orders = 'services: { orders: { rest: http://10.0.0.1:5001, identity: headers } }\n'
    const routes = 'routes: [{ path: /orders/*, service: orders, auth: shoppers }]\n'
    const text = (yaml[1] ?? '').replace('redis://127.0.0.1:6379', store.url)
    const { start } = await workspace(t, issuers.into(orders + text + routes))
    const { ask } = await start()
    const bearer = { authorization: issuers.bearer('shop', { sub: 'u-1', jti: '7f3a…' }) }
    await until(async () => (await ask(bearer)).status === 200)
    for (const command of commands) {
      const [, , key = '', value = ''] = command.replace('"$(date +%s)"', String(Date.now())).split(/\s+/)
      await redis.set(key, value)
      await until(async () => (await ask(bearer)).status === 401)
      await redis.del(key)
      await until(async () => (await ask(bearer)).status === 200)
    }
  })

  it('opaque tokens: those that the authorization server calls active', async (t) => {
    const { yaml } = readGuide('opaque-tokens.md')
    const oidc = await startOidc('one')
    t.after(oidc.stop)
    const text = (yaml[0] ?? '')
      .replace('https://id.shop.example', oidc.issuer)
      .replace('clientId: gateway', `clientId: ${oidc.client.id}`)
      .replace('0f9a-from-the-environment', oidc.client.secret)
    const { start } = await workspace(t, text)
    const { ask } = await start()
    const { status, seen } = await ask({ authorization: `Bearer ${await oidc.token('opaque')}` })
    assert.deepEqual([status, seen?.['x-auth-scopes']], [200, 'orders:read'])
    assert.equal((await ask({ authorization: 'Bearer guess' })).status, 401)
    assert.equal((await ask({})).status, 401)
  })
})

/** The settings of a page, and the commands of its shell blocks without their comments. */
const readGuide = (page: string) => {
  const text = readFileSync(join(folder, page), 'utf8')
  const blocks = (language: string) =>
    [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, block = '']) => block)
  const lines = blocks('sh').flatMap((block) => block.trim().split('\n'))
  return { yaml: blocks('yaml'), commands: lines.map((line) => line.replace(/\s+#.*$/, '')) }
}

/** A workspace of a page, its one service a real one that says what it was told. */
const workspace = async (t: TestContext, yaml = '') => {
  const told: IncomingHttpHeaders[] = []
  const service = createServer(({ headers }, response) => {
    told.push(headers)
    response.end()
  })
  await once(service.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0\n${yaml.replace('http://10.0.0.1:5001', url)}`,
  })
  t.after(async () => {
    service.close()
    await remove()
  })
  return {
    dir,
    start: async () => {
      const gateway = await startGateway(dir)
      t.after(gateway.close)
      return {
        ask: async (headers: Readonly<Record<string, string>>) => {
          const { status } = await fetch(`${gateway.url}/orders/1`, { headers })
          return { status, seen: told.splice(0)[0] }
        },
        reload: async () => assert.equal((await gateway.gateway.reload()).ok, true),
      }
    },
  }
}

/** The issuers of the page, each under a path of one server, with one key. */
const startIssuers = async (t: TestContext) => {
  const jwks = { keys: [jwkOf(keys.ec.publicKey, 'one', { alg: 'ES256' })] }
  const server = createServer(({ url = '' }, response) => {
    const issuer = base + url.split('/.well-known', 1)[0]
    const found = url.includes('.well-known') ? { issuer, jwks_uri: `${base}/keys` } : jwks
    response.setHeader('content-type', 'application/json').end(JSON.stringify(found))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  t.after(() => server.close())
  return {
    into: (yaml: string): string =>
      yaml
        .replaceAll('https://id.shop.example', `${base}/shop`)
        .replaceAll(/https:\/\/login\.(\w)\.example/g, `${base}/$1`),
    bearer: (issuer: string, more: Readonly<Record<string, unknown>>): string => {
      const now = Math.floor(Date.now() / 1_000)
      const given = claims({ iss: `${base}/${issuer}`, aud: 'shop', tenant: 'acme', iat: now, ...more })
      return `Bearer ${tokenOf({ alg: 'ES256', kid: 'one', typ: 'at+jwt' }, given, keys.ec.privateKey)}`
    },
  }
}
