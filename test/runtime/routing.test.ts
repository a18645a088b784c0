import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as http2Connect } from 'node:http2'
import { connect } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { exchangeBytes, startService } from '../routes/proxy/support/gateway.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'

describe('routing on the wire', () => {
  it('refuses a request with two hosts, which two readers could take for different ones', async (t) => {
    const { port, seen } = await gateway(t)
    const answer = await exchangeBytes(
      port,
      'GET /x HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\nConnection: close\r\n\r\n',
    )
    assert.match(answer, /^HTTP\/1\.1 400 [^]*more than one Host/)
    assert.deepEqual(seen, [])
  })

  it('refuses a Host that is none, and that two readers could take for different ones', async (t) => {
    const { port, seen } = await gateway(t)
    const ask = (host: string): Promise<string> =>
      exchangeBytes(port, `GET /x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    for (const host of [
      'b@a.example',
      'a.example,b',
      'a.example/b',
      'a%2eexample',
      'a.example:80:80',
      '[::1',
      'a b',
      'a?b',
    ])
      assert.match(await ask(host), /^HTTP\/1\.1 400 [^]*The Host of this request is none/, host)
    assert.deepEqual(seen, [])
    for (const host of ['A.example:8080', 'a.example.', 'a_b', '[::1]:80', '127.0.0.1', ''])
      assert.doesNotMatch(await ask(host), /^HTTP\/1\.1 400 /, host)
  })

  it('believes the forwarded host and address of a trusted proxy alone', async (t) => {
    const ask =
      'GET /x HTTP/1.1\r\nHost: b.example\r\nX-Forwarded-Host: a.example\r\nX-Forwarded-For: 9.9.9.9, 10.1.1.1\r\nConnection: close\r\n\r\n'
    const trusting = await gateway(t, 'trustedProxies: [127.0.0.0/8, 10.0.0.0/8]')
    assert.match(await exchangeBytes(trusting.port, ask), /^HTTP\/1\.1 200 /)
    const other = await gateway(t)
    assert.match(await exchangeBytes(other.port, ask), /^HTTP\/1\.1 404 /)
  })

  it('never takes what a client asks for as the address of a route', async (t) => {
    const { port, seen } = await gateway(t)
    for (const target of ['/|0', '/%7C0', '/%7c0', '/|0?x', '/|', '/|/'])
      assert.match(
        await exchangeBytes(port, `GET ${target} HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n`),
        /^HTTP\/1\.1 404 /,
        target,
      )
    assert.deepEqual(seen, [])
  })
})

describe('routes without policies', () => {
  it('answer each for itself, and leave methods to those that name them', async (t) => {
    const seen: string[] = []
    const { origin } = await startService(t, ({ method, url }, response) => {
      seen.push(`${method} ${url}`)
      response.end()
    })
    const { dir, remove } = await layWorkspace({
      'portico.yaml': `listen: 127.0.0.1:0
services: { s: { rest: "${origin}", identity: none } }
routes:
  - { path: /a/*, service: s, stripPrefix: true }
  - { path: /b/*, service: s, methods: [GET] }
  - { path: /c/*, service: s, rateLimit: { limit: 1, window: 1h } }
  - { path: /d/*, service: s }
`,
    })
    const { url, close } = await startGateway(dir)
    t.after(async () => {
      await close()
      await remove()
    })
    const statusOf = async (method: string, path: string) => (await fetch(url + path, { method })).status
    assert.equal(await statusOf('DELETE', '/a/1?x=2'), 200)
    assert.equal(await statusOf('GET', '/b/1'), 200)
    assert.equal(await statusOf('POST', '/b/1'), 405)
    assert.equal(await statusOf('GET', '/c/1'), 200)
    assert.equal(await statusOf('GET', '/c/1'), 429)
    assert.equal(await statusOf('PUT', '/d/1'), 200)
    assert.equal(await statusOf('GET', '/e/1'), 404)
    assert.deepEqual(seen, ['DELETE /1?x=2', 'GET /b/1', 'GET /c/1', 'PUT /d/1'])
  })
})

describe('an address', () => {
  it('answers methods that the router does not know by 405 and what it allows, whatever stands there', async (t) => {
    const { origin } = await startService(t, (_request, response) => response.end())
    const { dir, remove } = await layWorkspace({
      'portico.yaml': `listen: 127.0.0.1:0
services:
  s: { rest: "${origin}", identity: none }
  g: { grpc: 127.0.0.1:1, proto: t.proto, identity: none }
bffs: { app: { prefix: /app, schema: s.graphql, operations: o.graphql } }
routes:
  - { path: /all/*, service: s }
  - { path: /read/*, service: s, methods: [GET] }
  - { path: /fixed, respond: { body: hello }, methods: [GET] }
  - { path: /api/*, transcode: g }
`,
      's.graphql': 'type Query { name(id: ID!): String @rest(service: "s", get: "/{args.id}") }',
      'o.graphql': 'query Name($id: ID!) @endpoint(get: "/names/{id}") { name(id: $id) }',
      'protos/t.proto': 'syntax = "proto3"; package t; message M {} service S { rpc Get(M) returns (M); }',
    })
    const { url, close } = await startGateway(dir)
    const session = http2Connect(url)
    t.after(async () => {
      session.destroy()
      await close()
      await remove()
    })
    const port = Number(new URL(url).port)
    const all = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'
    for (const [path, allow] of [
      ['/all/1?x', all],
      ['/read/1', 'GET, HEAD, OPTIONS'],
      ['/fixed', 'GET, HEAD, OPTIONS'],
      ['/api/t.S/Get', 'OPTIONS, POST'],
      ['/app/names/1', 'GET, HEAD, OPTIONS'],
    ])
      for (const method of ['PROPFIND', 'TRACE']) {
        const answer = await exchangeBytes(port, `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
        assert.match(answer, /^HTTP\/1\.1 405 /, `${method} ${path}`)
        assert.equal(/\r\nallow: (.*)\r\n/i.exec(answer)?.[1], allow, `${method} ${path}`)
      }
    for (const path of ['/none', '/app/none', '/api/none'])
      assert.match(
        await exchangeBytes(port, `PROPFIND ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`),
        /^HTTP\/1\.1 404 /,
        path,
      )
    const overHttp2 = async (method: string): Promise<readonly unknown[]> => {
      const stream = session.request({ ':method': method, ':path': '/read/1' })
      const [answer] = (await once(stream.end(), 'response')) as [Record<string, unknown>]
      return [answer[':status'], answer['allow']]
    }
    assert.deepEqual(await overHttp2('PROPFIND'), [405, 'GET, HEAD, OPTIONS'])
    assert.deepEqual(await overHttp2('ANY'), [501, undefined])
  })
})

describe('routing by a body', () => {
  it('reads one that comes in pieces, and hands on all of it', async (t) => {
    const { port, bodies } = await byBody(t)
    const head = 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n'
    const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
    const next = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    const answer = await exchangeBytes(port, `${head}\r\n`, chunk('{"kind":'), chunk('"gift"}'), `0\r\n\r\n${next}`)
    assert.equal(answer.match(/HTTP\/1\.1 200/g)?.length, 2)
    assert.deepEqual(bodies.toSorted(), ['', '{"kind":"gift"}'])
  })

  it('hands on one of no bytes, however its end is told', async (t) => {
    const { port, bodies, gateway: started } = await byBody(t)
    const head = 'POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n'
    for (const empty of ['Content-Length: 0\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n'])
      assert.match(await exchangeBytes(port, `${head}${empty}`), /^HTTP\/1\.1 200 /, empty)
    const session = http2Connect(started.url)
    for (const length of [{}, { 'content-length': '0' }]) {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/x',
        'content-type': 'application/json',
        ...length,
      })
      stream.end(Buffer.alloc(0))
      assert.equal((await once(stream, 'response'))[0][':status'], 200)
      await stream.resume().toArray()
    }
    session.close()
    assert.deepEqual(bodies, ['', '', '', ''])
  })

  it('refuses one that is larger than it reads, whatever its head says', async (t) => {
    const { port, bodies } = await byBody(t)
    const head = 'POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n'
    const body = `{"kind":"gift","more":"${'x'.repeat(70_000)}"}`
    const answer = await exchangeBytes(port, `${head}Content-Length: ${body.length}\r\n\r\n${body}`)
    assert.match(answer, /^HTTP\/1\.1 413 /)
    assert.deepEqual(bodies, [])
  })

  it('refuses one that is compressed or no UTF-8, by which readers would find different routes', async (t) => {
    const { port, bodies } = await byBody(t)
    const head = 'POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n'
    const body = '{"kind":"gift"}'
    const packed = `${head}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    assert.match(await exchangeBytes(port, packed), /^HTTP\/1\.1 415 /)
    const latin = '{"kind":"gift\u00e9"}'
    assert.match(
      await exchangeBytes(port, `${head}Content-Length: ${latin.length}\r\n\r\n${latin}`),
      /^HTTP\/1\.1 400 /,
    )
    assert.deepEqual(bodies, [])
  })

  it('takes no longer hold of a request whose client leaves', async (t) => {
    const { port, bodies, gateway: started } = await byBody(t)
    const socket = connect(port, '127.0.0.1')
    socket.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"kind"')
    await once(socket, 'connect')
    socket.destroy()
    await once(socket, 'close')
    await started.close()
    assert.deepEqual(bodies, [])
  })
})

const byBody = async (t: TestContext) => {
  const bodies: string[] = []
  const { origin } = await startService(t, (request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      bodies.push(body)
      response.end()
    })
  })
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
drain: 5s
services: { s: { rest: "${origin}", identity: none } }
routes:
  - { path: /x, service: s }
  - { path: /x, service: s, match: { body: { kind: gift } } }
`,
  })
  const started = await startGateway(dir)
  t.after(async () => {
    await started.close()
    await remove()
  })
  return { port: Number(new URL(started.url).port), bodies, gateway: started }
}

describe('versions of an API', () => {
  it('are counted each, however many others clients make up', async (t) => {
    const { origin } = await startService(t, (_request, response) => response.end())
    const { dir, remove } = await layWorkspace({
      'portico.yaml': `listen: 127.0.0.1:0
probes: 127.0.0.1:0
services: { s: { rest: "${origin}", identity: none } }
routes:
  - path: /users/*
    versions: { by: { header: x-v }, default: "2", of: { "1": { service: s }, "2": { service: s } } }
`,
    })
    const { gateway: started, url, close } = await startGateway(dir)
    t.after(async () => {
      await close()
      await remove()
    })
    for (const version of ['1', '2', '', '7', '8'])
      await fetch(`${url}/users/1`, { headers: version === '' ? {} : { 'x-v': version } })
    const { host, port } = started.probes ?? { host: '', port: 0 }
    const metrics = await (await fetch(`http://${host}:${port}/metrics`)).text()
    assert.deepEqual(metrics.match(/^portico_api_version_requests_total.*/gm), [
      'portico_api_version_requests_total{route="/users/*",version="1"} 1',
      'portico_api_version_requests_total{route="/users/*",version="2"} 2',
    ])
  })
})

const gateway = async (t: TestContext, more = '') => {
  const seen: string[] = []
  const { origin } = await startService(t, ({ url = '' }, response) => {
    seen.push(url)
    response.end()
  })
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
${more}
services: { s: { rest: "${origin}", identity: none } }
routes:
  - { path: /*, service: s, hosts: [a.example], match: { address: [9.9.9.0/24] } }
`,
  })
  const { url, close } = await startGateway(dir)
  t.after(async () => {
    await close()
    await remove()
  })
  return { port: Number(new URL(url).port), seen }
}
