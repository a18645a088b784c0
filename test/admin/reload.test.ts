import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { startAdministered, workspaceYaml } from './support.ts'

describe('POST /reload of the admin port', () => {
  it('answers with the generation that serves from now on, and the warnings', async (t) => {
    const { adminUrl, generation } = await startAdministered(t)
    const reply = await post(adminUrl)
    assert.deepEqual([reply.status, await reply.json()], [200, { ok: true, generation: 2, diagnostics: [] }])
    assert.equal(reply.headers.get('cache-control'), 'no-store')
    assert.equal(generation(), 2)
  })

  it('answers 422 with each mistake and its place, and the last good generation goes on', async (t) => {
    const { adminUrl, dir, generation } = await startAdministered(t)
    await writeFile(join(dir, 'portico.yaml'), workspaceYaml.replace('transcode: test', 'transcode: tset'))
    const reply = await post(adminUrl)
    const { ok, generation: serving, diagnostics } = (await reply.json()) as Answer
    assert.deepEqual([reply.status, ok, serving, generation()], [422, false, 1, 1])
    const [{ code, place, message } = assert.fail()] = diagnostics
    assert.deepEqual([place.file, place.line], ['portico.yaml', 6])
    assert.match(code, /^PORTICO-\d{3}$/)
    assert.match(message, /Did you mean "?test"?/)
    await writeFile(join(dir, 'portico.yaml'), workspaceYaml)
    assert.equal((await post(adminUrl)).status, 200)
  })

  it('says why a workspace that checks is not served', async (t) => {
    const { adminUrl, dir } = await startAdministered(t)
    const taken = new URL(adminUrl).host
    await writeFile(join(dir, 'portico.yaml'), workspaceYaml.replace('listen: 127.0.0.1:0', `listen: ${taken}`))
    const reply = await post(adminUrl)
    const { why, generation } = (await reply.json()) as Answer
    assert.deepEqual([reply.status, generation], [422, 1])
    assert.match(why ?? '', /EADDRINUSE/)
  })

  it('moves the admin port itself, and still answers whoever asked for that', async (t) => {
    const started = await startAdministered(t)
    const port = await freePort()
    const move = (admin: string): Promise<void> =>
      writeFile(join(started.dir, 'portico.yaml'), workspaceYaml.replace('admin: 127.0.0.1:0', admin))
    await move(`admin: 127.0.0.1:${port}`)
    assert.equal((await post(started.adminUrl)).status, 200)
    const there = `http://127.0.0.1:${port}`
    assert.equal((await fetch(`${there}/services`)).status, 200)
    await assert.rejects(fetch(`${started.adminUrl}/services`))
    await move(`admin: 127.0.0.1:${started.listen.port}`)
    const { ok, why } = (await (await post(there)).json()) as Answer
    assert.deepEqual([ok, /admin stays where it was: .*EADDRINUSE/.test(why ?? '')], [true, true])
    await move('')
    assert.equal((await post(there)).status, 200)
    await assert.rejects(fetch(`${there}/services`))
  })

  for (const [who, headers, status] of [
    ['a page of another origin', { origin: 'https://evil.example' }, 403],
    ['a page without an origin', { origin: 'null' }, 403],
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a page of another port of this machine', { 'sec-fetch-site': 'same-site' }, 403],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a request of simple type', { 'content-type': 'text/plain; a=application/json' }, 415],
  ] as const)
    it(`refuses ${who}, and reloads nothing`, async (t) => {
      const { adminUrl, generation } = await startAdministered(t)
      assert.equal((await post(adminUrl, headers)).status, status)
      assert.equal(generation(), 1)
    })

  it('takes no other method', async (t) => {
    const { adminUrl, generation } = await startAdministered(t)
    const reply = await fetch(`${adminUrl}/reload`)
    assert.deepEqual([reply.status, reply.headers.get('allow'), generation()], [405, 'POST', 1])
  })
})

type Answer = {
  readonly ok: boolean
  readonly generation: number
  readonly why?: string
  readonly diagnostics: readonly {
    readonly code: string
    readonly message: string
    readonly place: { readonly file: string; readonly line: number }
  }[]
}

const post = (adminUrl: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${adminUrl}/reload`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers } })
