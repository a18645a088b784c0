import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createGateway } from '../../src/admin/gateway.ts'
import { runProgram } from '../../src/cli/program.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { layWorkspace } from '../support/gateway.ts'
import { issuer, signToken } from '../support/token.ts'

type Line = Readonly<Record<string, unknown>>

describe('audit', () => {
  it('tells of everybody who was kept out, why, and from where, and the answers do not', async (t) => {
    const { ask, gateway, lines, logged } = await audited(t)
    const bearer = async (claims: Readonly<Record<string, unknown>>) => `Bearer ${await signToken(claims)}`
    await ask('{ me { secret } }', {})
    await ask('{ me { secret } }', { authorization: await bearer({ sub: 'ada', exp: 1 }) })
    const denied = await ask('{ me { id secret } }', {
      authorization: await bearer({ sub: 'ada' }),
      'x-request-id': 'r-denied',
    })
    assert.doesNotMatch(denied, /payroll|needed/)
    await ask('{ me { id } }', { authorization: await bearer({ sub: 'ada' }) })
    await ask('{ me { id } }', { authorization: await bearer({ sub: 'ada' }) })
    await gateway.close()
    const told = (await lines()).map(({ event, scope, reason, subject, coordinate, needed, limit }) =>
      Object.fromEntries(
        Object.entries({ event, scope, reason, subject, coordinate, needed, limit }).filter(
          ([, value]) => value !== undefined,
        ),
      ),
    )
    const scope = 'bffs.web'
    assert.deepEqual(told.slice(1, -1), [
      { event: 'authentication.failed', scope, reason: 'missing' },
      { event: 'authentication.failed', scope, reason: 'expired' },
      {
        event: 'access.denied',
        scope,
        reason: 'scopes',
        subject: 'ada',
        coordinate: 'User.secret',
        needed: { scopes: [['payroll']] },
      },
      { event: 'limit.exceeded', scope, subject: 'ada', limit: 'user-1h' },
    ])
    const [, first, , third] = await lines()
    assert.equal(first?.['address'], '127.0.0.1')
    assert.equal(third?.['requestId'], 'r-denied')
    assert.doesNotMatch(logged(), /authentication failed|access denied/)
  })

  it('tells who had it start, reload and stop, and from where', async (t) => {
    const { dir, gateway, lines } = await audited(t)
    const { host, port } = gateway.admin ?? assert.fail()
    const post = { method: 'POST', headers: { 'content-type': 'application/json' } }
    await fetch(`http://${host}:${port}/reload`, post)
    await writeFile(join(dir, 'portico.yaml'), `${await readFile(join(dir, 'portico.yaml'), 'utf8')}\nnonsense: 1\n`)
    await gateway.reload()
    await gateway.close()
    assert.deepEqual(
      (await lines()).map(({ time: _time, pid: _pid, v: _v, listen: _listen, ...rest }) => rest),
      [
        { event: 'gateway.started', generation: 1 },
        { event: 'workspace.changed', generation: 2, by: 'admin', address: '127.0.0.1' },
        {
          event: 'workspace.refused',
          generation: 2,
          by: 'program',
          mistakes: [(await readFile(join(dir, 'portico.yaml'), 'utf8')).split('\n').indexOf('nonsense: 1') + 1].map(
            (line) => `portico.yaml:${line} PORTICO-003`,
          ),
        },
        { event: 'gateway.stopped' },
      ],
    )
  })

  it('has keys that the command line makes, rotates and revokes, and does neither where it cannot tell', async (t) => {
    const { dir, gateway, lines } = await audited(t)
    await gateway.close()
    const run = async (...args: string[]) => {
      let out = ''
      const terminal = { out: (text: string) => (out += text), err: () => {}, colours: false }
      return { exit: await runProgram(['keys', ...args, '--dir', dir], terminal, '0').catch(() => 'thrown'), out }
    }
    const made = (await run('create', 'partners', '--owner', 'acme')).out.trim()
    const id = made.split('_')[1] as string
    await run('rotate', 'partners', id)
    await run('revoke', 'partners', id)
    const told = (await lines()).slice(-3)
    assert.deepEqual(
      told.map(({ event, provider, owner }) => [event, provider, owner].join(' ')),
      ['key.created partners acme', 'key.rotated partners acme', 'key.revoked partners acme'],
    )
    assert.deepEqual([told[0]?.['id'], told[1]?.['replaces'], told[2]?.['id']], [id, id, id])
    assert.doesNotMatch(JSON.stringify(told), new RegExp(made.split('_')[2] as string))
    await writeFile(
      join(dir, 'portico.yaml'),
      (await readFile(join(dir, 'portico.yaml'), 'utf8')).replace('audit.log', '.'),
    )
    assert.notEqual((await run('create', 'partners', '--owner', 'other')).exit, 0)
    assert.doesNotMatch(await readFile(join(dir, 'keys.json'), 'utf8'), /other/)
  })

  it('answers on while nobody reads the log, and counts what is lost', async (t) => {
    const { ask, gateway, dir } = await audited(t, 'pipe')
    // Nobody opens the other end.
    for (let n = 0; n < 50; n += 1) assert.match(await ask('{ me { id } }', {}), /UNAUTHENTICATED/)
    assert.match(JSON.stringify(await gateway.metrics.snapshot()), /portico_audit_lost_total/)
    assert.ok(dir)
    await gateway.close()
  })

  it('is refused where its folder is not there', async (t) => {
    await assert.rejects(audited(t, 'logs/audit.log'), /There is no folder for logs\/audit\.log/)
  })
})

const audited = async (t: TestContext, file = 'audit.log') => {
  const users = createServer((_request, response) =>
    response.setHeader('content-type', 'application/json').end('{"id":"1"}'),
  )
  await once(users.listen(0, '127.0.0.1'), 'listening')
  t.after(() => users.close())
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
admin: 127.0.0.1:0
audit: { file: ${file} }
auth:
  shoppers: { jwt: { issuer: https://id.test, audience: portico, secret: "${issuer.secret}" } }
  partners: { apiKey: { file: keys.json } }
services: { users: { rest: "http://127.0.0.1:${(users.address() as AddressInfo).port}", identity: none } }
bffs:
  web:
    prefix: /web
    schema: schema.graphql
    graphql: true
    auth: shoppers
    rateLimit: { limit: 2, window: 1h, by: user }
`,
    'keys.json': '{ "keys": [] }',
    'schema.graphql': `type Query { me: User @rest(service: "users", get: "/me") }
type User { id: ID! secret: String @auth(scopes: [["payroll"]]) }`,
  })
  t.after(remove)
  if (file === 'pipe') execFileSync('mkfifo', [join(dir, file)])
  let logged = ''
  const log = createLog({ level: 'info', destination: { write: (line) => (logged += line) } })
  const gateway = await createGateway({ dir, log })
  t.after(() => gateway.close())
  const ask = async (query: string, headers: Readonly<Record<string, string>>): Promise<string> => {
    const reply = await fetch(`http://127.0.0.1:${gateway.listen.port}/web/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    })
    return reply.text()
  }
  const lines = async (): Promise<readonly Line[]> =>
    (await readFile(join(dir, file), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
  return { dir, gateway, ask, lines, logged: () => logged }
}
