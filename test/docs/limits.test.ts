import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { SignJWT } from 'jose'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { layWorkspace, startGateway, type TestGateway } from '../support/gateway.ts'
import { parseItems } from '../support/structured-field.ts'
import { told } from '../support/told.ts'

const guide = 'docs/guides/limits.md'
const page = readFileSync(guide, 'utf8')
const files = Object.fromEntries(
  [...page.matchAll(/^```\w+ (\S+\.\w+)\n([^]*?)^```$/gm)].map(([, name = '', text = '']) => [name, text]),
)

describe(guide, () => {
  it('shows a workspace that checks', async (t) => {
    const { dir, remove } = await layWorkspace(files)
    t.after(remove)
    const { diagnostics, plan } = await compileWorkspace(dir, {})
    assert.equal(told(diagnostics.filter(({ severity }) => severity === 'error')), '')
    assert.deepEqual([plan?.routes.length, plan?.bffs.length], [2, 1])
  })

  it('shows what clients are told', async () => {
    const [, target = '', policy = '', left = ''] =
      /```http\nGET (\S+)\n\nratelimit-policy: (.+)\nratelimit: (.+)\n```/.exec(page) ?? []
    assert.equal(parseItems(policy).length, 4)
    const { status, headers } = await ask(target, { sub: 'u-1' })
    assert.deepEqual([status, headers.get('ratelimit-policy'), headers.get('ratelimit')], [200, policy, left])
  })

  it('shows plans, of which a report counts ten', async () => {
    const free = await ask('/reports/r-1', { sub: 'u-2', plan: 'gold' })
    assert.match(free.headers.get('ratelimit-policy') ?? '', /, "free-user-day";q=1000;w=86400$/)
    const left = async (): Promise<number> => {
      const { headers } = await ask('/reports/r-1', { sub: 'u-2' })
      return Number(/^"[\w-]+";r=(\d+);/.exec(headers.get('ratelimit') ?? '')?.[1])
    }
    assert.equal((await left()) - (await left()), 10)
    const pro = await ask('/reports/r-1', { sub: 'u-3', plan: 'pro' })
    assert.match(pro.headers.get('ratelimit') ?? '', /^"pro-user-1s";r=190;t=1$/)
  })

  it('shows a field of which every alias counts', async () => {
    const login = (times: number): string =>
      `mutation { ${Array.from({ length: times }, (_, n) => `l${n}: login(name: "a", pin: "${n}") { id }`).join(' ')} }`
    assert.equal((await post(login(5))).status, 200)
    assert.equal((await post(login(1))).status, 429)
  })

  it('shows a stored operation that counts by user and claim', async () => {
    const runs = await Promise.all(
      Array.from({ length: 31 }, () => ask('/app/session', { sub: 'u-4', tenant: 'acme' })),
    )
    assert.equal(runs.filter(({ status }) => status === 200).length, 30)
    assert.equal(runs.filter(({ status }) => status === 429).length, 1)
    assert.equal((await ask('/app/session', { sub: 'u-4', tenant: 'other' })).status, 200)
    assert.equal((await ask('/app/session', { sub: 'u-5', tenant: 'acme' })).status, 200)
  })
})

const secret = new TextEncoder().encode('0123456789abcdef0123456789abcdef')

const ask = async (target: string, claims: Readonly<Record<string, unknown>>): Promise<Response> => {
  const token = await new SignJWT({ iss: 'https://id.shop.example', aud: 'shop', ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(secret)
  return fetch(gateway.url + target, { headers: { authorization: `Bearer ${token}` } })
}

const post = (query: string): Promise<Response> =>
  fetch(`${gateway.url}/app/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })

let gateway: TestGateway
let stop: () => Promise<unknown> = async () => undefined
before(async () => {
  const users = createServer((request, response) => {
    request.resume().once('end', () => response.setHeader('content-type', 'application/json').end('{"id":"s-1"}'))
  }).listen(0, '127.0.0.1')
  await once(users, 'listening')
  const workspace = (files['portico.yaml'] ?? '').replace('0.0.0.0:8080', '127.0.0.1:0')
  const { dir, remove } = await layWorkspace({ ...files, 'portico.yaml': workspace })
  const env = { USERS_URL: `http://127.0.0.1:${(users.address() as AddressInfo).port}` }
  gateway = await startGateway(dir, { env, development: true })
  stop = async () => {
    await gateway.close()
    users.closeAllConnections()
    users.close()
    await remove()
  }
})
after(() => stop())
