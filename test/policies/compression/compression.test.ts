import assert from 'node:assert/strict'
import { request as send } from 'node:http'
import { Readable } from 'node:stream'
import { describe, it, type TestContext } from 'node:test'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { compressionConfig } from '../../../src/policies/compression/config.ts'
import { compression } from '../../../src/policies/compression/policy.ts'
import { policyApp } from '../policy-app.ts'

const long = { text: 'portico '.repeat(1_000) }

describe('compression', () => {
  it('compresses as the client accepts, preferring what the route lists first', async (t) => {
    const { get } = await gateway(t)
    const br = await get('/default', 'gzip, br')
    assert.equal(br.encoding, 'br')
    assert.equal(br.vary, 'accept-encoding')
    assert.deepEqual(JSON.parse(brotliDecompressSync(br.body).toString()), long)
    const gzip = await get('/default', 'gzip')
    assert.deepEqual(JSON.parse(gunzipSync(gzip.body).toString()), long)
    const zstd = await get('/zstd', 'gzip, br, zstd')
    assert.equal(zstd.encoding, 'zstd')
    assert.deepEqual(JSON.parse(zstdDecompressSync(zstd.body).toString()), long)
  })

  it('compresses streams', async (t) => {
    const { get } = await gateway(t)
    assert.equal(gunzipSync((await get('/stream', 'gzip')).body).toString(), 'part one, part two')
  })

  it('leaves alone what is small, encoded already, an event stream, or not accepted', async (t) => {
    const { get } = await gateway(t)
    assert.equal((await get('/small', 'br')).encoding, undefined)
    assert.equal((await get('/default', undefined)).encoding, undefined)
    assert.equal((await get('/default', 'br;q=0, gzip;q=0')).encoding, undefined)
    assert.equal((await get('/encoded', 'br')).encoding, 'gzip')
    const events = await get('/events', 'br')
    assert.equal(events.encoding, undefined)
    assert.match(events.body.toString(), /^data: /)
  })

  it('compresses nothing on a route that does not ask for it', async (t) => {
    const { get } = await gateway(t)
    const reply = await get('/plain', 'br')
    assert.equal(reply.encoding, undefined)
    assert.equal(reply.vary, undefined)
  })
})

const gateway = async (t: TestContext) => {
  const { app, tools, listen } = await policyApp(t, [compression])
  const hooks = (settings: unknown) =>
    compression.hooks(compressionConfig.parse(settings), { app, tools, scope: { name: 'bffs.web' } })
  app.get('/default', hooks(true), () => long)
  app.get('/zstd', hooks({ encodings: ['zstd', 'gzip'], threshold: '1B' }), () => long)
  app.get('/small', hooks(true), () => ({ text: 'small' }))
  app.get('/stream', hooks(true), (_request, reply) =>
    reply.type('text/plain').send(Readable.from(['part one, ', 'part two'])),
  )
  app.get('/encoded', hooks(true), (_request, reply) =>
    reply.type('application/json').header('content-encoding', 'gzip').send(Buffer.alloc(4_000)),
  )
  app.get('/events', hooks(true), (_request, reply) => reply.type('text/event-stream').send(`data: ${long.text}\n\n`))
  app.get('/plain', () => long)
  const base = await listen()
  return { get: (path: string, accepted: string | undefined) => get(base + path, accepted) }
}

/** By node:http: fetch would decompress. */
const get = (url: string, accepted: string | undefined) =>
  new Promise<{ encoding: string | undefined; vary: string | undefined; body: Buffer }>((resolve, reject) => {
    send(url, { headers: accepted === undefined ? {} : { 'accept-encoding': accepted } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          encoding: response.headers['content-encoding'],
          vary: response.headers.vary,
          body: Buffer.concat(chunks),
        }),
      )
    })
      .on('error', reject)
      .end()
  })
