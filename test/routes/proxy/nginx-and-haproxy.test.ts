import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { buffer, text } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { layWorkspace, startGateway } from '../../support/gateway.ts'
import { missing } from '../../support/programs.ts'
import { startHaproxy, startNginx } from '../../support/reference-proxies.ts'
import { startService } from './support/gateway.ts'

const file = Buffer.from('0123456789'.repeat(1_000))

describe('a proxy route before nginx', { skip: missing('nginx') }, () => {
  it('leaves gzip, ranges and conditional requests to it', async (t) => {
    const { ask } = await before(t, 'nginx')
    const path = '/files/words.txt'
    const zipped = await ask('GET', path, { headers: { 'accept-encoding': 'gzip' } })
    assert.deepEqual([zipped.headers['content-encoding'], zipped.headers['transfer-encoding']], ['gzip', 'chunked'])
    assert.deepEqual(gunzipSync(zipped.body), file)
    const plain = await ask('GET', path)
    assert.deepEqual([plain.status, plain.headers['content-length'], plain.body], [200, '10000', file])
    const range = await ask('GET', path, { headers: { range: 'bytes=5-9' } })
    assert.deepEqual(
      [range.status, range.headers['content-range'], String(range.body)],
      [206, 'bytes 5-9/10000', '56789'],
    )
    const parts = await ask('GET', path, { headers: { range: 'bytes=0-1,5-6' } })
    assert.match(parts.headers['content-type'] ?? '', /^multipart\/byteranges; boundary=/)
    assert.equal((await ask('GET', path, { headers: { range: 'bytes=99999-' } })).status, 416)
    const { etag } = plain.headers
    const unchanged = await ask('GET', path, { headers: { 'if-none-match': String(etag) } })
    assert.deepEqual([unchanged.status, unchanged.body.length, unchanged.headers.etag], [304, 0, etag])
    assert.equal((await ask('GET', path, { headers: { 'if-match': '"other"' } })).status, 412)
    const head = await ask('HEAD', path)
    assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, '10000', 0])
  })

  it('passes its error pages on as they are', async (t) => {
    const { ask } = await before(t, 'nginx')
    const absent = await ask('GET', '/files/none')
    assert.deepEqual([absent.status, absent.headers['content-type']], [404, 'text/html'])
    assert.match(String(absent.body), /404 Not Found/)
    assert.equal((await ask('POST', '/files/words.txt', { body: Buffer.from('a') })).status, 405)
  })
})

for (const peer of ['nginx', 'haproxy'] as const)
  describe(`a proxy route before ${peer}`, { skip: missing(peer) }, () => {
    for (const framing of ['declared', 'chunked'] as const)
      it(`takes 12 MB both ways, byte by byte (${framing})`, async (t) => {
        const { ask } = await before(t, peer)
        const body = randomBytes(12_000_000)
        const answer = await ask('POST', '/echo', { body, chunked: framing === 'chunked' })
        assert.equal(answer.status, 200)
        assert.equal(digest(answer.body), digest(body))
      })

    it('takes a body that waits for 100', async (t) => {
      const { origin } = await before(t, peer)
      const asking = httpRequest(`${origin}/echo`, {
        method: 'POST',
        headers: { expect: '100-continue', 'content-length': 3 },
      })
      asking.flushHeaders()
      await once(asking, 'continue')
      asking.end('abc')
      const [response] = (await once(asking, 'response')) as [IncomingMessage]
      assert.equal(await text(response), 'abc')
    })

    it('loses no GET to a connection that closes when its time is over, and sends no POST twice', async (t) => {
      const { ask, arrived } = await before(t, peer, '50ms')
      let failed = 0
      for (let round = 0; round < 40; round += 1) {
        // About when it closes, on this side of it and on that.
        await pause(45 + (round % 10))
        const id = `/one/${round}`
        const method = round % 2 === 0 ? 'GET' : 'POST'
        const { status } = await ask(method, id)
        if (method === 'GET') assert.equal(status, 200)
        else if (status !== 200) failed += 1
        const times = arrived.filter((one) => one === `${method} ${id}`).length
        if (method === 'POST')
          assert.ok(times === 1 || (times === 0 && status === 502), `${id}: ${times} times, ${status}`)
      }
      t.diagnostic(`${failed} of 20 POSTs met a connection that was just closing`)
    })

    it('answers hundreds at once over connections that are used again', async (t) => {
      const { ask, arrived } = await before(t, peer)
      const answers = await Promise.all(Array.from({ length: 300 }, (_, at) => ask('GET', `/one/${at}`)))
      assert.ok(answers.every(({ status, body }, at) => status === 200 && String(body) === `GET /one/${at}`))
      assert.equal(new Set(arrived).size, 300)
    })
  })

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

type Sent = { readonly headers?: Record<string, string>; readonly body?: Buffer; readonly chunked?: boolean }

/** A gateway before nginx or HAProxy before a service that echoes. */
const before = async (t: TestContext, peer: 'nginx' | 'haproxy', keepAlive?: string) => {
  const arrived: string[] = []
  const { origin: service } = await startService(t, (request, response) => {
    arrived.push(`${request.method} ${request.url}`)
    // nginx itself waits for ever for a service that answers while it still reads.
    if (request.url === '/echo')
      void buffer(request).then(
        (body) => response.end(body),
        () => undefined,
      )
    else request.resume().on('end', () => response.end(`${request.method} ${request.url}`))
  })
  const settings = { servicePort: Number(new URL(service).port), ...(keepAlive === undefined ? {} : { keepAlive }) }
  const proxy =
    peer === 'nginx'
      ? await startNginx(t, { ...settings, files: { 'words.txt': file } })
      : await startHaproxy(t, settings)
  const workspace = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services:
  peer: { rest: "${proxy.origin}", identity: none, timeout: 5s }
routes:
  - { path: /*, service: peer, maxBody: 20MiB }
`,
  })
  const gateway = await startGateway(workspace.dir)
  t.after(async () => {
    await gateway.close()
    await workspace.remove()
  })
  const ask = async (method: string, path: string, { headers = {}, body, chunked = false }: Sent = {}) => {
    const asking = httpRequest(gateway.url + path, {
      method,
      headers: { ...headers, ...(body === undefined || chunked ? {} : { 'content-length': body.length }) },
    })
    if (chunked) asking.flushHeaders()
    asking.end(body)
    const [response] = (await once(asking, 'response')) as [IncomingMessage]
    return { status: response.statusCode, headers: response.headers, body: await buffer(response) }
  }
  return { ask, arrived, origin: gateway.url }
}
