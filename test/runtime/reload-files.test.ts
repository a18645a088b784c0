import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFile, readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { watchWorkspace } from '../../src/runtime/watch.ts'
import { makeCertificates } from '../support/certificates.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { missing } from '../support/programs.ts'
import { issuer, signToken } from '../support/token.ts'
import { until } from '../support/until.ts'

describe('files beside the workspace’s own', { skip: missing('openssl') }, () => {
  it('a secret that is rotated is used from then on', async (t) => {
    const { dir, ask, next } = await serving(t)
    const headers = { authorization: `Bearer ${await signToken()}` }
    assert.equal((await ask('/known/one', headers)).status, 401)
    await writeFile(join(dir, 'next.tmp'), issuer.secret)
    await rename(join(dir, 'next.tmp'), join(dir, 'secrets/token'))
    await next()
    assert.equal((await ask('/known/one', headers)).status, 200)
  })

  it('a secret that was not there is looked for, and the gateway serves on meanwhile', async (t) => {
    const { dir, ask, next, write, gateway } = await serving(t)
    await write((text) => text.replace('secrets/token', 'secrets/later'))
    assert.equal((await gateway.reload()).ok, false)
    assert.equal((await ask('/words/one')).status, 200)
    await writeFile(join(dir, 'secrets/later'), issuer.secret)
    await next()
    assert.equal((await ask('/known/one', { authorization: `Bearer ${await signToken()}` })).status, 200)
  })

  it('another authority of a service holds for connections that are open, too', async (t) => {
    const { dir, ask, next } = await serving(t)
    assert.equal((await ask('/words/one')).status, 200)
    await copyFile(certificates.otherCa, join(dir, 'secrets/ca.pem'))
    await next()
    assert.equal((await ask('/words/one')).status, 502)
    await copyFile(certificates.ca, join(dir, 'secrets/ca.pem'))
    await next()
    assert.equal((await ask('/words/one')).status, 200)
  })
})

const certificates = missing('openssl') ? ({} as ReturnType<typeof makeCertificates>) : makeCertificates()

const serving = async (t: TestContext) => {
  const server = createServer(
    { key: await readFile(certificates.key), cert: await readFile(certificates.certificate) },
    (_request, response) => response.end('hello'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  let text = `listen: 127.0.0.1:0
drain: 1s
services:
  words:
    rest: https://localhost:${(server.address() as AddressInfo).port}
    identity: none
    tls: { ca: secrets/ca.pem }
auth:
  users: { jwt: { issuer: "${issuer.issuer}", audience: ${issuer.audience}, secret: "file:secrets/token" } }
routes:
  - { path: /words/*, service: words }
  - { path: /known/*, service: words, auth: users }
`
  const { dir, remove } = await layWorkspace({
    'portico.yaml': text,
    'secrets/token': 'another secret of thirty-two bytes or more',
    'secrets/ca.pem': await readFile(certificates.ca, 'utf8'),
  })
  const { gateway, url, close } = await startGateway(dir)
  const watcher = await watchWorkspace(dir, { gateway, changed: () => gateway.reload(), failed: assert.ifError })
  t.after(async () => {
    await watcher.close()
    await close()
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    await remove()
  })
  let generation = gateway.generation()
  return {
    dir,
    gateway,
    ask: (path: string, headers: Readonly<Record<string, string>> = {}) => fetch(url + path, { headers }),
    write: (change: (before: string) => string): Promise<void> => {
      text = change(text)
      return writeFile(join(dir, 'portico.yaml'), text)
    },
    /** Until the next generation serves. */
    next: async (): Promise<void> => {
      await until(() => gateway.generation() !== generation)
      generation = gateway.generation()
    },
  }
}
