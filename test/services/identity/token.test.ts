import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { layWorkspace, startGateway } from '../../support/gateway.ts'

describe('a token of the gateway’s own', () => {
  it('is asked for once by client credentials, and shown on every way to the service in place of the caller’s', async (t) => {
    const { url, asked, heard } = await serving(t)
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => fetch(`${url}${i % 2 === 0 ? '/things/a' : '/app/thing'}`, withOwn)),
    )
    assert.deepEqual(asked, [
      {
        authorization: `Basic ${Buffer.from('gate%3Away:s+cret%2F').toString('base64')}`,
        body: { grant_type: 'client_credentials', scope: 'read write', audience: 'things' },
      },
    ])
    assert.deepEqual([...new Set(heard)], ['Bearer t-1'])
    assert.equal(heard.length, 20)
  })

  it('is renewed before it ends, while calls go on', async (t) => {
    const { url, asked, heard } = await serving(t, { token: (count) => ({ ...good(count), expires_in: 1 }) })
    while (new Set(heard).size < 3) assert.equal((await fetch(`${url}/things/a`)).status, 200)
    assert.ok(asked.length >= 3)
  })

  for (const { title, token } of [
    { title: 'refuses the gateway', token: () => 401 },
    { title: 'fails', token: () => 500 },
    { title: 'answers with something else', token: () => ({ hello: 'world' }) },
    { title: 'answers without the kind of token', token: () => ({ access_token: 't' }) },
    { title: 'gives a token that is no header value', token: () => ({ ...good(1), access_token: 'a\r\nx: y' }) },
    { title: 'redirects', token: () => 302 },
    { title: 'breaks off', token: () => 'reset' as const },
  ])
    it(`is not to be had of a server that ${title}: nothing is sent, the client learns no more, and it is not asked by every request`, async (t) => {
      const { url, asked, heard } = await serving(t, { token })
      const replies = await Promise.all(Array.from({ length: 50 }, () => fetch(`${url}/things/a`, withOwn)))
      for (const reply of replies) {
        assert.equal(reply.status, 503)
        const { detail } = (await reply.json()) as { readonly detail: string }
        assert.equal(detail, 'Service things could not be asked: the gateway has no token for it.')
      }
      const partial = (await (await fetch(`${url}/app/thing`)).json()) as { readonly thing: unknown }
      assert.equal(partial.thing ?? null, null)
      assert.deepEqual(heard, [])
      assert.ok(asked.length < 25)
    })

  it('is had as soon as the server is back', async (t) => {
    let up = false
    const { url } = await serving(t, { token: (count) => (up ? good(count) : 500) })
    assert.equal((await fetch(`${url}/things/a`)).status, 503)
    up = true
    let status = 503
    while (status !== 200) ({ status } = await fetch(`${url}/things/a`))
  })

  it('makes of a 401 of the service a fault of the gateway', async (t) => {
    const { url } = await serving(t, { service: (_request, response) => response.writeHead(401).end('{}') })
    assert.equal((await fetch(`${url}/app/thing`)).status, 502)
  })
})

const withOwn = { headers: { authorization: 'Bearer of-the-client' } }

const good = (count: number) => ({ access_token: `t-${count}`, token_type: 'Bearer', expires_in: 3_600 })

type Options = {
  readonly token?: (count: number) => object | number | 'reset'
  readonly service?: (request: IncomingMessage, response: ServerResponse) => void
}

const serving = async (
  t: TestContext,
  { token = good, service = (_request, response) => response.end('{"ok":true}') }: Options = {},
) => {
  const asked: unknown[] = []
  const heard: (string | undefined)[] = []
  const listening = async (handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> => {
    const server = createServer(handle).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const issuer = await listening(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    asked.push({
      authorization: request.headers.authorization,
      body: Object.fromEntries(new URLSearchParams(text)),
    })
    const answer = token(asked.length)
    if (answer === 'reset') request.socket.destroy()
    else if (typeof answer === 'number') response.writeHead(answer, { location: '/elsewhere' }).end('{"error":"no"}')
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
  const things = await listening((request, response) => {
    heard.push(request.headers.authorization)
    response.setHeader('content-type', 'application/json')
    service(request, response)
  })
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services:
  things:
    rest: ${things}
    identity:
      service:
        tokenUrl: ${issuer}/token
        clientId: "gate:way"
        clientSecret: file:client-secret
        scope: read write
        audience: things
bffs:
  app: { prefix: /app, schema: schema.graphql, operations: thing.graphql }
routes:
  - { path: /things/*, service: things }
`,
    'client-secret': 's cret/',
    'schema.graphql':
      'type Query { thing: Thing @rest(service: "things", get: "/thing") }\ntype Thing { ok: Boolean }\n',
    'thing.graphql': 'query Thing @endpoint(get: "/thing") { thing { ok } }\n',
  })
  const { url, close } = await startGateway(dir)
  t.after(async () => {
    await close()
    await remove()
  })
  return { url, asked, heard }
}
