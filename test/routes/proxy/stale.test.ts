import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import { request as send } from 'undici'
import { createStaleAnswers } from '../../../src/routes/proxy/stale.ts'
import { freePort } from '../../support/free-port.ts'
import { layWorkspace, startGateway } from '../../support/gateway.ts'
import { startService } from './support/gateway.ts'

describe('a route that gives its last good answer again', () => {
  it('does so while the service fails, says its age, and lets nobody store it', async (t) => {
    const { get, service } = await gateway(t)
    assert.deepEqual(await get('/a?x=1'), [200, null, 'answer 1'])
    service.failing = true
    const [status, kind, body, headers] = await get('/a?x=1', { all: true })
    assert.deepEqual([status, kind, body], [200, 'stale', 'answer 1'])
    assert.deepEqual([headers?.get('cache-control'), headers?.get('x-own')], ['no-store', 'stays'])
    assert.match(headers?.get('age') ?? '', /^\d+$/)
    service.failing = false
    assert.deepEqual(await get('/a?x=1'), [200, null, 'answer 3'])
  })

  for (const [what, before, after] of [
    ['another query', { path: '/a?x=1' }, { path: '/a?x=2' }],
    ['another host', { headers: { host: 'a.example' } }, { headers: { host: 'b.example' } }],
    ['another token', { headers: { authorization: 'Bearer a' } }, { headers: { authorization: 'Bearer b' } }],
    ['nobody in particular', { headers: { authorization: 'Bearer a' } }, {}],
    ['another cookie', { headers: { cookie: 's=1' } }, { headers: { cookie: 's=2' } }],
    ['another key', { headers: { 'x-api-key': '1' } }, { headers: { 'x-api-key': '2' } }],
    ['another value of what it varies by', { path: '/vary', headers: { 'accept-language': 'de' } }, { path: '/vary' }],
    ['anybody, where it sets a cookie', { path: '/cookie' }, { path: '/cookie' }],
    ['anybody, where it is private', { path: '/private' }, { path: '/private' }],
    ['anybody, where it must not be stored', { path: '/no-store' }, { path: '/no-store' }],
    ['anybody, where it is a part', { path: '/part' }, { path: '/part' }],
    ['anybody, where it is larger than 1 MiB', { path: '/large' }, { path: '/large' }],
    ['anybody, where it is no good answer', { path: '/missing' }, { path: '/missing' }],
  ] as const satisfies readonly (readonly [string, Asked, Asked])[])
    it(`does not for ${what}`, async (t) => {
      const { ask, service } = await gateway(t)
      await ask(before)
      service.failing = true
      const [status, kind] = await ask(after)
      assert.deepEqual([status, kind], [500, null])
    })

  it('does so for the same caller', async (t) => {
    const { ask, service } = await gateway(t)
    const asked = { headers: { authorization: 'Bearer a', cookie: 's=1' } }
    await ask(asked)
    service.failing = true
    assert.deepEqual((await ask(asked)).slice(0, 2), [200, 'stale'])
  })

  it('no longer does when it is too old', () => {
    let now = 0
    const answers = createStaleAnswers({ now: () => now, date: () => 0 })
    answers.keep('key', { headers: [], body: Buffer.from('a'), vary: [] })
    now = 60_000
    assert.equal(answers.recall('key', {}, 60_000)?.ageSeconds, 60)
    now = 60_001
    assert.equal(answers.recall('key', {}, 60_000), undefined)
  })

  it('keeps no more than 32 MiB, and forgets what was not used for longest', () => {
    const answers = createStaleAnswers({ now: () => 0, date: () => 0 })
    for (let i = 0; i < 100; i += 1) answers.keep(`${i}`, { headers: [], body: Buffer.alloc(1_000_000), vary: [] })
    const kept = Array.from({ length: 100 }, (_, i) => i).filter((i) => answers.recall(`${i}`, {}, 1) !== undefined)
    assert.deepEqual([kept.length, kept[0]], [33, 67])
  })

  it('still does after a reload', async (t) => {
    const { get, service, reload } = await gateway(t)
    await get('/a')
    service.failing = true
    assert.equal((await reload()).ok, true)
    assert.deepEqual((await get('/a')).slice(0, 2), [200, 'stale'])
  })
})

describe('a mirror', () => {
  it('gets copies with their bodies and a mark, whatever it answers, and clients notice nothing', async (t) => {
    const { url, seen, next } = await mirrored(t, '{ service: next, methods: [GET, POST] }')
    const reply = await fetch(`${url}/m/1?x=1`, { method: 'POST', body: 'hello', headers: { 'portico-mirror': 'no' } })
    assert.deepEqual([reply.status, await reply.text()], [200, 'users'])
    await next(1)
    assert.deepEqual(seen, [{ method: 'POST', url: '/m/1?x=1', body: 'hello', mark: 'true' }])
  })

  it('gets its exact share, and safe methods alone where nothing is said', async (t) => {
    const { url, seen, next } = await mirrored(t, '{ service: next, share: 25% }')
    for (let i = 0; i < 12; i += 1) {
      await fetch(`${url}/m/${i}`)
      await fetch(`${url}/m/${i}`, { method: 'POST', body: 'x' })
    }
    await next(3)
    assert.deepEqual(
      seen.map(({ url: path }) => path),
      ['/m/3', '/m/7', '/m/11'],
    )
  })

  it('neither delays nor fails requests when it hangs or is gone', async (t) => {
    const users = await startService(t, (_request, response) => response.end('users'))
    const hanging = await startService(t, () => undefined)
    const url = await open(t, {
      users: users.origin,
      next: hanging.origin,
      more: `  - { path: /gone, service: users, mirror: { service: gone } }\n`,
      gone: `http://127.0.0.1:${await freePort()}`,
    })
    for (const path of ['/m/1', '/gone'])
      for (let i = 0; i < 100; i += 1) assert.equal(await (await fetch(url + path)).text(), 'users')
  })
})

type Asked = { readonly path?: string; readonly headers?: Readonly<Record<string, string>> }

const gateway = async (t: TestContext) => {
  const service = { failing: false }
  let answers = 0
  const { origin } = await startService(t, (request, response) => {
    answers += 1
    const path = (request.url ?? '').split('?')[0] ?? ''
    if (service.failing) return void response.writeHead(500).end('failed')
    const special: Readonly<Record<string, readonly [number, Readonly<Record<string, string>>]>> = {
      '/vary': [200, { vary: 'Accept-Language' }],
      '/cookie': [200, { 'set-cookie': 'a=1' }],
      '/private': [200, { 'cache-control': 'max-age=60, private' }],
      '/no-store': [200, { 'cache-control': 'no-store' }],
      '/part': [206, {}],
      '/missing': [404, {}],
    }
    const [status, headers] = special[path] ?? [200, {}]
    response.writeHead(status, { 'x-own': 'stays', ...headers })
    response.end(path === '/large' ? 'x'.repeat(1_100_000) : `answer ${answers}`)
  })
  const yaml = `listen: 127.0.0.1:0
services:
  users: { rest: "${origin}", identity: forward }
routes:
  - { path: /*, service: users, fallback: { stale: 5m } }
`
  const { dir, remove } = await layWorkspace({ 'portico.yaml': yaml })
  const { url, close, gateway: running } = await startGateway(dir)
  t.after(async () => {
    await close()
    await remove()
  })
  const get = async (
    path: string,
    { headers = {} }: { all?: true; headers?: Readonly<Record<string, string>> } = {},
  ) => {
    const reply = await send(url + path, { headers })
    const found = new Headers(Object.entries(reply.headers).map(([name, value]) => [name, String(value)]))
    return [reply.statusCode, found.get('portico-fallback'), await reply.body.text(), found] as const
  }
  return {
    service,
    reload: () => running.reload(),
    ask: ({ path = '/a', headers = {} }: Asked) => get(path, { headers }),
    get: async (path: string, { all }: { readonly all?: true } = {}) => {
      const answer = await get(path)
      return all === true ? answer : (answer.slice(0, 3) as unknown as typeof answer)
    },
  }
}

type Seen = { readonly method: string; readonly url: string; readonly body: string; readonly mark: string }

const mirrored = async (t: TestContext, mirror: string) => {
  const seen: Seen[] = []
  let told = (): void => undefined
  const users = await startService(t, (request, response) => {
    request.resume()
    request.on('end', () => response.end('users'))
  })
  const next = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      seen.push({ method, url, body, mark: String(headers['portico-mirror']) })
      response.writeHead(500).end()
      told()
    })
  })
  const { origin } = await startService(t, (request, response) => void next.emit('request', request, response))
  const url = await open(t, { users: users.origin, next: origin, mirror })
  return {
    url,
    seen,
    next: async (count: number): Promise<void> => {
      while (seen.length < count) await new Promise<void>((resolve) => (told = resolve))
    },
  }
}

type Workspace = { users: string; next: string; gone?: string; mirror?: string; more?: string }

const open = async (
  t: TestContext,
  { users, next, gone = next, mirror = '{ service: next }', more = '' }: Workspace,
): Promise<string> => {
  const yaml = `listen: 127.0.0.1:0
services:
  users: { rest: "${users}", identity: none }
  next: { rest: "${next}", identity: none, timeout: 300ms }
  gone: { rest: "${gone}", identity: none }
routes:
  - { path: /m/*, service: users, mirror: ${mirror} }
${more}`
  const { dir, remove } = await layWorkspace({ 'portico.yaml': yaml })
  const { url, close } = await startGateway(dir)
  t.after(async () => {
    await close()
    await remove()
  })
  return url
}
