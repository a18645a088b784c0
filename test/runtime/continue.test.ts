import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { listen } from '../routes/proxy/support/gateway.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'

describe('a client that asks before it sends its body', () => {
  it('is told to go on when its body is read, and the service is asked in its own way', async (t) => {
    const { ask, seen } = await gateway(t)
    for (const size of [3, 200_000]) {
      const { request, told } = ask('/open', size)
      assert.equal(await told, 100)
      request.end('x'.repeat(size))
      const [reply] = (await once(request, 'response')) as [IncomingMessage]
      assert.deepEqual([reply.statusCode, await textOf(reply)], [200, String(size)])
      assert.notEqual(reply.headers.connection, 'close')
    }
    assert.deepEqual(
      seen.map(({ headers }) => headers.expect),
      [undefined, undefined],
    )
  })

  it('is refused before by authentication, limits, length and maintenance, and its connection closes', async (t) => {
    const { ask, seen } = await gateway(t)
    assert.equal(await ask('/limited', 3).told, 100)
    const before = seen.length
    for (const [path, size, status] of [
      ['/guarded', 3, 401],
      ['/limited', 3, 429],
      ['/open', 2_000_000, 413],
      ['/resting', 3, 503],
    ] as const) {
      const { told, request } = ask(path, size)
      const answered = once(request, 'response') as Promise<[IncomingMessage]>
      assert.equal(await told, status, path)
      const [reply] = await answered
      assert.equal(reply.headers.connection, 'close', path)
    }
    assert.equal(seen.length, before)
  })

  it('is told where there is nothing, and nothing is read', async (t) => {
    const { ask } = await gateway(t)
    for (const path of ['/nowhere', '/app/nowhere', '/%zz'])
      assert.ok([400, 404].includes((await ask(path, 3).told) ?? 0), path)
  })

  it('is told to go on by endpoints of a BFF as well, unless the body would be too long', async (t) => {
    const { ask } = await gateway(t)
    assert.equal(await ask('/app/graphql', 30).told, 100)
    assert.equal(await ask('/app/graphql', 2_000_000).told, 413)
  })

  it('gets no other request’s bytes taken for its body where it was refused', async (t) => {
    const { port, seen } = await gateway(t)
    const socket = connect(port, '127.0.0.1').setEncoding('latin1')
    let got = ''
    socket
      .on('error', () => undefined)
      .on('data', (chunk: string) => {
        got += chunk
      })
    socket.write('POST /guarded HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 40\r\n\r\n')
    await once(socket, 'data')
    socket.write('GET /open HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket, 'close')
    assert.equal(got.match(/HTTP\/1\.1 \d+/g)?.join(), 'HTTP/1.1 401')
    assert.equal(seen.length, 0)
  })

  it('is treated so over HTTP/2, too', async (t) => {
    const { url } = await gateway(t)
    const client = connectHttp2(url)
    const asked = async (path: string): Promise<readonly [continued: boolean, status: number]> => {
      const stream = client.request({ ':method': 'POST', ':path': path, expect: '100-continue' }, { endStream: false })
      let continued = false
      stream.on('continue', () => {
        continued = true
        stream.end('abc')
      })
      const [headers] = (await once(stream, 'response')) as [Record<string, number>]
      stream.close()
      return [continued, headers[':status'] as number]
    }
    assert.deepEqual(await asked('/open'), [true, 200])
    assert.deepEqual(await asked('/guarded'), [false, 401])
    client.destroy()
  })
})

const textOf = async (reply: IncomingMessage): Promise<string> => {
  let text = ''
  for await (const chunk of reply.setEncoding('utf8')) text += chunk
  return text
}

const gateway = async (t: TestContext) => {
  const seen: IncomingMessage[] = []
  const server = createServer(async (request, response) => {
    seen.push(request)
    let length = 0
    for await (const chunk of request as AsyncIterable<Buffer>) length += chunk.length
    response.end(String(length))
  })
  const origin = await listen(server)
  const workspace = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services:
  users: { rest: "${origin}", identity: none }
auth:
  shop: { jwt: { issuer: https://id.example, audience: shop, secret: "${'s'.repeat(32)}" } }
bffs:
  app: { prefix: /app, schema: app.graphql, graphql: true }
routes:
  - { path: /open, service: users }
  - { path: /guarded, service: users, auth: shop }
  - { path: /limited, service: users, rateLimit: { limit: 1, window: 1h, by: ip } }
  - { path: /resting, service: users, maintenance: { retryAfter: 5m } }
`,
    'app.graphql': 'type Query { word: String @rest(service: "users", get: "/word") }\n',
  })
  const { url, gateway: started, close } = await startGateway(workspace.dir)
  const requests: ClientRequest[] = []
  t.after(async () => {
    for (const request of requests) request.destroy()
    await close()
    server.closeAllConnections()
    server.close()
    await workspace.remove()
  })
  return {
    url,
    port: started.listen.port,
    seen,
    /** A request without its body, and what it is told first: 100, or the status of its answer. */
    ask: (path: string, size: number): { request: ClientRequest; told: Promise<number | undefined> } => {
      const headers = { expect: '100-continue', 'content-length': size, 'content-type': 'application/json' }
      const request = httpRequest(url + path, { method: 'POST', headers })
      requests.push(request.on('error', () => undefined))
      request.flushHeaders()
      const told = Promise.race([
        once(request, 'continue').then(() => 100),
        once(request, 'response').then(([reply]) => (reply as IncomingMessage).resume().statusCode),
      ])
      return { request, told }
    },
  }
}
