import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { portico } from '../support/command.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { runPortico } from '../support/process.ts'

describe('what nobody asked for', () => {
  it('is not there: no admin port, no probes, no credential that comes with the program', async (t) => {
    const { gateway, url } = await serving(t, '')
    assert.deepEqual([gateway.probes, gateway.plan().providers.size], [undefined, 0])
    assert.equal(gateway.plan().admin, undefined)
    for (const path of ['/', '/admin', '/reload', '/services', '/metrics', '/docs', '/actuator/env', '/graphql'])
      assert.equal((await fetch(url + path)).status, 404, path)
  })
})

describe('text of a workspace', () => {
  it('is no code: expressions of other gateways stand as they are', async (t) => {
    for (const text of expressions) {
      const { url } = await serving(
        t,
        `routes: [{ path: /x, respond: { status: 200, body: ${JSON.stringify(text)} } }]`,
      )
      assert.equal(await (await fetch(`${url}/x?name={{7*7}}`)).text(), text)
    }
    for (const text of ['${process.exit(1)}', '${jndi:ldap://a/b}', '${T(java.lang.Runtime)}'])
      assert.match(await mistakes(t, `redis: ${JSON.stringify(text)}`), /PORTICO-007/, text)
  })

  it('alone says which hosts are asked: no binding, rewrite or placeholder names one', async (t) => {
    for (const target of [
      'http://169.254.169.254/latest/meta-data',
      '//169.254.169.254/latest',
      '{args.host}/x',
      '@169.254.169.254/x',
    ])
      assert.notEqual(await mistakes(t, bff, { 'a.graphql': bound(target) }), '', target)
    assert.equal(await mistakes(t, bff, { 'a.graphql': bound('/x/{args.host}') }), '')
    for (const path of ['http://169.254.169.254/*', '//169.254.169.254/*'])
      assert.notEqual(await mistakes(t, `routes: [{ path: /x/*, service: a, rewrite: { path: "${path}" } }]`), '', path)
  })
})

describe('secrets of a workspace', () => {
  it('are in nothing that a command prints, nor in what a start says that fails', async (t) => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    t.after(() => taken.close())
    const { port } = taken.address() as { readonly port: number }
    const { dir, remove } = await layWorkspace({ 'portico.yaml': secretive(port) })
    t.after(remove)
    const env = {
      JWT: 'jwt-in-plain-sight-jwt-in-plain-sight',
      CLIENT: 'client-in-plain-sight',
      REDIS: 'in-plain-sight',
    }
    Object.assign(process.env, env)
    t.after(() => {
      for (const name of Object.keys(env)) delete process.env[name]
    })
    const said = await Promise.all([
      ...[
        ['check', dir, '--format', 'sarif'],
        ['audit', dir, '--format', 'json'],
        ['routes', dir, '--json'],
        ['routes', dir, '--explain', 'GET /a/x'],
      ].map(portico),
      runPortico(['start', dir], { env }),
    ])
    assert.deepEqual(
      said.map(({ status }) => status === 0),
      [true, false, true, true, false],
    )
    for (const { out, err } of said) assert.doesNotMatch(out + err, /in-plain-sight/)
  })
})

const expressions = [
  '{{constructor.constructor("return process")()}}',
  "#{T(java.lang.Runtime).getRuntime().exec('id')}",
  '<%= process.env %>',
  '{args.x}',
  '{env.HOME}',
  '`id`',
  '$(id)',
]

const secretive = (port: number): string => `listen: 127.0.0.1:${port}
redis: "redis://:\${REDIS}@127.0.0.1:1"
services:
  a: { rest: http://127.0.0.1:1, identity: none }
  b:
    rest: http://127.0.0.1:1
    identity: { service: { tokenUrl: http://127.0.0.1:1/token, clientId: g, clientSecret: "\${CLIENT}" } }
auth:
  one: { jwt: { issuer: https://id.test, audience: a, secret: "\${JWT}" } }
  two: { oauth2: { introspection: https://id.test/i, clientId: g, clientSecret: "\${CLIENT}" } }
routes:
  - { path: /a/*, service: a, auth: [one, two] }
  - { path: /b/*, service: b, auth: one }
`

const bff = 'bffs: { web: { prefix: /web, schema: a.graphql } }'

const bound = (target: string): string =>
  `type Query { a(host: String!): String @rest(service: "a", get: ${JSON.stringify(target)}) }`

const workspace = (more: string): string =>
  `listen: 127.0.0.1:0\nservices: { a: { rest: http://127.0.0.1:1, identity: none } }\n${more}\n`

const serving = async (t: TestContext, more: string) => {
  const { dir, remove } = await layWorkspace({ 'portico.yaml': workspace(more) })
  t.after(remove)
  const started = await startGateway(dir)
  t.after(started.close)
  return started
}

/** The errors of a workspace, a line each; empty where it has none. */
const mistakes = async (
  t: TestContext,
  more: string,
  files: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const { dir, remove } = await layWorkspace({ 'portico.yaml': workspace(more), ...files })
  t.after(remove)
  const { diagnostics } = await compileWorkspace(dir, {})
  return diagnostics
    .flatMap(({ severity, code, message }) => (severity === 'error' ? `${code} ${message}` : []))
    .join('\n')
}
