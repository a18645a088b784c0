import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { startGateway } from '../support/gateway.ts'
import { temporaryWorkspace } from '../support/workspace.ts'

describe('a reload that moves a port', () => {
  it('opens the new one, and answers on the old what it has begun', async (t) => {
    const { gateway, url, write, held } = await serving(t)
    const slow = fetch(`${url}/words/held`)
    const answer = await held
    const port = await freePort()
    await write((text) => text.replace('127.0.0.1:0}', `127.0.0.1:${port}}`))
    assert.ok((await gateway.reload()).ok)
    assert.equal(gateway.listen.port, port)
    assert.equal((await fetch(`http://127.0.0.1:${port}/app/word`)).status, 200)
    await assert.rejects(fetch(`${url}/app/word`))
    answer.end('{"text":"late"}')
    const reply = await slow
    assert.deepEqual([reply.status, await reply.json()], [200, { text: 'late' }])
  })

  it('is refused where the new one is taken, and what is open stays', async (t) => {
    const { gateway, url, write, service } = await serving(t)
    await write((text) => text.replace('127.0.0.1:0}', `${new URL(service).host}}`).replace('drain: 5s', 'drain: 6s'))
    const { ok, why, generation } = await gateway.reload()
    assert.deepEqual([ok, generation, gateway.plan().drainMs], [false, 1, 5_000])
    assert.match(why ?? '', /EADDRINUSE/)
    assert.equal((await fetch(`${url}/app/word`)).status, 200)
  })

  it('moves the probes, or leaves them out', async (t) => {
    const { gateway, write } = await serving(t)
    const before = gateway.probes
    const port = await freePort()
    await write((text) => text.replace('probes: 127.0.0.1:0', `probes: 127.0.0.1:${port}`))
    assert.ok((await gateway.reload()).ok)
    assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200)
    await assert.rejects(fetch(`http://127.0.0.1:${before?.port}/readyz`))
    await write((text) => text.replace(/probes: .*\n/, ''))
    assert.ok((await gateway.reload()).ok)
    assert.equal(gateway.probes, undefined)
    await assert.rejects(fetch(`http://127.0.0.1:${port}/readyz`))
  })

  it('takes another limit of headers for connections from then on', async (t) => {
    const { gateway, url, write } = await serving(t)
    const large = { headers: { 'x-large': 'a'.repeat(20_000), connection: 'close' } }
    assert.equal((await fetch(`${url}/app/word`, large)).status, 431)
    await write((text) => `${text}limits: { headers: 32KiB }\n`)
    assert.ok((await gateway.reload()).ok)
    assert.equal((await fetch(`${url}/app/word`, large)).status, 200)
    await write((text) => text.replace('32KiB', '8KiB'))
    assert.ok((await gateway.reload()).ok)
    const less = { headers: { 'x-large': 'a'.repeat(10_000), connection: 'close' } }
    assert.equal((await fetch(`${url}/app/word`, less)).status, 431)
  })
})

const serving = async (t: TestContext) => {
  const { promise: held, resolve } = Promise.withResolvers<ServerResponse>()
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.url === '/words/held') resolve(response)
    else response.end('{"text":"hello"}')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const service = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { dir, remove } = await temporaryWorkspace()
  const { gateway, url, close } = await startGateway(dir, { env: { WORDS_URL: service } })
  t.after(async () => {
    await close()
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    await remove()
  })

  let text = await readFile(join(dir, 'portico.yaml'), 'utf8')
  return {
    gateway,
    url,
    service,
    held,
    write: (change: (before: string) => string): Promise<void> => {
      text = change(text)
      return writeFile(join(dir, 'portico.yaml'), text)
    },
  }
}
