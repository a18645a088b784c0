import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createGateway } from '../../src/admin/gateway.ts'
import { WorkspaceError } from '../../src/runtime/gateway.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { layWorkspace } from '../support/gateway.ts'
import { startAdministered, workspaceYaml } from './support.ts'

describe('the admin port', () => {
  it('has the documents of all routes together and of each, with the gateway as their server', async (t) => {
    const { adminUrl, listen } = await startAdministered(t)
    const origin = `http://127.0.0.1:${listen.port}`
    for (const [path, server, first] of [
      ['/openapi.json', origin, '/api/v1/shelves/{shelvesId}/books/{booksId}'],
      ['/openapi/api.json', `${origin}/api`, '/v1/shelves/{shelvesId}/books/{booksId}'],
      ['/openapi/more.json', `${origin}/more`, '/v1/shelves/{shelvesId}/books/{booksId}'],
    ] as const) {
      const reply = await fetch(adminUrl + path)
      assert.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8')
      const { servers, paths } = (await reply.json()) as { servers: object[]; paths: object }
      assert.deepEqual([servers, Object.keys(paths)[0]], [[{ url: server }], first])
    }
  })

  it('has the document of a BFF’s endpoints under its name, before those of routes', async (t) => {
    const { adminUrl, listen } = await startAdministered(t, {
      'portico.yaml': `${workspaceYaml}bffs: { app: { prefix: /app, schema: app.graphql, operations: word.graphql } }\n`,
      'app.graphql':
        'type Query { book(name: String): Book @grpc(method: "test.v1.Library/GetBook", request: { name: "{args.name}" }) }\ntype Book { name: String }\n',
      'word.graphql': 'query Word($name: String) @endpoint(get: "/word") { book(name: $name) { name } }\n',
    })
    const { servers, paths } = (await (await fetch(`${adminUrl}/openapi/app.json`)).json()) as {
      servers: object[]
      paths: object
    }
    assert.deepEqual(servers, [{ url: `http://127.0.0.1:${listen.port}/app` }])
    assert.deepEqual(Object.keys(paths), ['/word'])
    assert.equal((await fetch(`${adminUrl}/docs/app`)).status, 200)
    const all = (await (await fetch(`${adminUrl}/openapi.json`)).json()) as { paths: object }
    assert.equal(Object.keys(all.paths)[0], '/app/word')
  })

  it('links what it has', async (t) => {
    const { adminUrl } = await startAdministered(t)
    const page = await (await fetch(adminUrl)).text()
    const links = [...page.matchAll(/href="(\/(?:docs|openapi)[^"]*)"/g)].map(([, href]) => href as string)
    assert.deepEqual(
      links.filter((href) => !href.endsWith('.css')),
      ['/docs', '/openapi.json', '/docs/api', '/openapi/api.json', '/docs/more', '/openapi/more.json'],
    )
    for (const href of links) assert.equal((await fetch(adminUrl + href)).status, 200, href)
  })

  it('shows what a reload has made', async (t) => {
    const { adminUrl, dir, reload } = await startAdministered(t)
    assert.equal((await fetch(`${adminUrl}/openapi/new.json`)).status, 404)
    await writeFile(join(dir, 'portico.yaml'), workspaceYaml.replace('/more/*', '/new/*'))
    assert.deepEqual(await reload(), { ok: true, diagnostics: [], generation: 2 })
    assert.equal((await fetch(`${adminUrl}/openapi/new.json`)).status, 200)
    assert.equal((await fetch(`${adminUrl}/openapi/more.json`)).status, 404)
  })

  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.0.1',
    '[::2]',
    'localhost:',
  ])
    it(`refuses the host ${JSON.stringify(host)}, as a page has that makes its name resolve to this machine`, async (t) => {
      const { adminUrl } = await startAdministered(t)
      assert.equal(await statusFor(`${adminUrl}/openapi.json`, { host }), 421)
    })

  for (const host of ['localhost', 'localhost:9080', 'LOCALHOST', '127.0.0.1', '127.1.2.3:1', '[::1]', '[::1]:9080'])
    it(`answers the host ${host}`, async (t) => {
      const { adminUrl } = await startAdministered(t)
      assert.equal(await statusFor(`${adminUrl}/openapi.json`, { host }), 200)
    })

  it('tells pages of other origins nothing, and lets its own load nothing from elsewhere', async (t) => {
    const { adminUrl } = await startAdministered(t)
    for (const path of ['/', '/docs', '/openapi.json']) {
      const { headers } = await fetch(adminUrl + path, { headers: { origin: 'https://evil.example' } })
      assert.equal(headers.get('access-control-allow-origin'), null)
      assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin')
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      const policy = headers.get('content-security-policy') ?? ''
      assert.match(policy, /default-src 'none'; script-src 'self';/)
      assert.doesNotMatch(policy, /\*|https?:|unsafe-eval|script-src[^;]*unsafe/)
    }
  })

  it('answers GET and HEAD, and nothing else but for reload', async (t) => {
    const { adminUrl } = await startAdministered(t)
    const head = await fetch(`${adminUrl}/openapi.json`, { method: 'HEAD' })
    assert.ok(head.status === 200 && Number(head.headers.get('content-length')) > 0 && (await head.text()) === '')
    const refused = await fetch(`${adminUrl}/openapi.json`, { method: 'POST' })
    assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, HEAD'])
    assert.equal(refused.headers.get('content-type'), 'application/problem+json; charset=utf-8')
  })

  for (const path of [
    '/nowhere',
    '/docs/nowhere',
    '/openapi',
    '/openapi/api',
    '/docs/..%2f..%2fpackage.json',
    '/docs/LICENSE',
    '/openapi/__proto__.json',
    '/docs/constructor',
  ])
    it(`has nothing at ${path}`, async (t) => {
      const { adminUrl } = await startAdministered(t)
      assert.equal((await fetch(adminUrl + path)).status, 404)
    })

  it('is closed with the gateway', async (t) => {
    const { adminUrl, close } = await startAdministered(t)
    await close()
    await assert.rejects(fetch(adminUrl))
  })

  it('is not opened when nobody asks for it', async (t) => {
    const { admin } = await startAdministered(t, { 'portico.yaml': withoutAdmin })
    assert.equal(admin, undefined)
  })

  it('opens by default where that is wished and free, and is left out where it is taken', async (t) => {
    const taken = (await startAdministered(t)).admin ?? assert.fail()
    const { dir } = await startAdministered(t, { 'portico.yaml': withoutAdmin })
    for (const [adminByDefault, opened] of [
      [{ host: '127.0.0.1', port: 0 }, true],
      [taken, false],
    ] as const) {
      const gateway = await createGateway({ dir, env: {}, log: silent, adminByDefault })
      t.after(() => gateway.close())
      assert.equal(gateway.admin !== undefined, opened)
    }
  })

  it('stops the start where it is asked for and taken', async (t) => {
    const { admin } = await startAdministered(t)
    const text = workspaceYaml.replace('admin: 127.0.0.1:0', `admin: 127.0.0.1:${admin?.port}`)
    await assert.rejects(startAdministered(t, { 'portico.yaml': text }), { code: 'EADDRINUSE' })
  })

  for (const address of ['0.0.0.0:9080', '"[::]:9080"', '10.0.0.1:9080', 'admin.example:9080'])
    it(`is refused at ${address}, which others can reach`, async (t) => {
      const text = workspaceYaml.replace('admin: 127.0.0.1:0', `admin: ${address}`)
      const { dir, remove } = await layWorkspace({ 'portico.yaml': text.replace(/services:[\s\S]*/, 'services: {}\n') })
      t.after(remove)
      await assert.rejects(createGateway({ dir, env: {}, log: silent }), (error) => {
        assert.ok(error instanceof WorkspaceError)
        assert.match(
          error.message,
          /portico\.yaml:2:8 {2}admin {2}PORTICO-011\n.*\n.*\^ The admin port has no login yet/,
        )
        return true
      })
    })
})

const silent = createLog({ level: 'silent' })

const withoutAdmin = workspaceYaml.replace('admin: 127.0.0.1:0\n', '')

/** `fetch` would not let go of the host's name. */
const statusFor = (url: string, headers: Readonly<Record<string, string>>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    sent.on('error', reject).end()
  })
