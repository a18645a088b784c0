import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { runProgram as runCommand } from '../../src/cli/program.ts'
import { freePort } from '../support/free-port.ts'
import { layWorkspace } from '../support/gateway.ts'
import { runProgram } from '../support/process.ts'
import { until } from '../support/until.ts'

/** Each is another word, long enough for what it is for, and found nowhere else. */
const secrets = {
  TOKEN_SECRET: 'planted-of-tokens-thirty-two-bytes-long',
  CLIENT_SECRET: 'planted-of-a-client',
  LEDGER_SECRET: 'planted-of-the-ledger',
  MASK_SECRET: 'planted-of-masks-and-hashes',
  REDIS_PASSWORD: 'planted-of-redis',
} as const

const sent = {
  authorization: 'Bearer planted.bearer.token-of-a-client',
  cookie: 'session=planted-cookie',
  'x-api-key': `portico_0123456789abcdef_${'planted'.padEnd(43, 'x')}`,
}

Object.assign(process.env, secrets)

describe('secrets', () => {
  it('are in nothing that a gateway writes, answers or shows, whatever goes wrong, a crash included', async (t) => {
    const { dir, url, admin, probes, program } = await planted(t)
    const shown: string[] = []
    const ask = async (address: string, init: RequestInit = {}): Promise<void> => {
      const reply = await fetch(address, init).catch((error: unknown) => error as Error)
      shown.push(reply instanceof Response ? `${[...reply.headers].join()} ${await reply.text()}` : reply.message)
    }
    const terminal = {
      out: (text: string) => shown.push(text),
      err: (text: string) => shown.push(text),
      colours: false,
    }
    const command = (...args: string[]): Promise<unknown> => runCommand(args, terminal, '0')
    const query = '?access_token=planted-in-a-query&api_key=planted-as-a-key&page=1'
    for (const path of ['/jwt', '/opaque', '/keyed', '/basic', '/ledger', '/limited', '/gone', '/nowhere'])
      for (const headers of [sent, { ...sent, authorization: `Basic ${btoa('ada:planted-password')}` }, {}])
        await ask(`${url}${path}${query}`, { headers })
    await ask(`${url}/app/graphql`, {
      method: 'POST',
      headers: { ...sent, 'content-type': 'application/json' },
      body: '{"query":"{ told }"}',
    })
    const yaml = await readFile(join(dir, 'portico.yaml'), 'utf8')
    for (const broken of [
      yaml.replace('audience: portico', 'audience: [portico'),
      yaml.replace('secret: "${TOKEN_SECRET}"', 'secret: "${LEDGER_SECRET}", clockSkew: many'),
      yaml.replace('clientSecret: "${CLIENT_SECRET}"', 'clientSecret: { of: "${CLIENT_SECRET}" }'),
      yaml.replace('redis: redis://', 'redis: redis//'),
    ]) {
      await writeFile(join(dir, 'portico.yaml'), broken)
      await ask(`${admin}/reload`, { method: 'POST', headers: { 'content-type': 'application/json' } })
      for (const format of ['text', 'json', 'sarif']) {
        await command('check', dir, '--format', format)
      }
    }
    await writeFile(join(dir, 'portico.yaml'), yaml)
    for (const name of ['routes', 'openapi', 'check', 'audit']) await command(name, dir)
    await command('explain', join(dir, 'told.graphql'), '--dir', dir, '--bff', 'app')
    await command('keys', 'list', 'partners', '--dir', dir)
    for (const path of ['/services', '/openapi.json', '/docs', '/']) await ask(admin + path)
    await ask(`${probes}/metrics`)
    await ask(`${probes}/readyz`)
    await program.wrote(/redis is not to be had/)
    await ask(`${url}/app/graphql`, {
      method: 'POST',
      headers: { ...sent, 'content-type': 'application/json' },
      body: '{"query":"{ crash }"}',
    })
    const { out, err, status } = await program.ended
    assert.notEqual(status, 0)
    assert.match(out + err, /the last words/)
    const audit = await readFile(join(dir, 'audit.log'), 'utf8')
    assert.match(audit, /authentication\.failed/)
    assert.ok(shown.length > 50)
    for (const text of [out, err, audit, ...shown]) {
      const at = text.indexOf('planted')
      assert.equal(at < 0 ? '' : text.slice(Math.max(0, at - 200), at + 60), '')
    }
  })
})

const planted = async (t: TestContext) => {
  const service = createServer((_request, response) =>
    response.writeHead(500).end('{"password":"planted-by-a-service"}'),
  )
  await once(service.listen(0, '127.0.0.1'), 'listening')
  t.after(() => service.close())
  const [probes, admin, nobody] = [await freePort(), await freePort(), await freePort()]
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
probes: 127.0.0.1:${probes}
admin: 127.0.0.1:${admin}
redis: redis://:\${REDIS_PASSWORD}@127.0.0.1:${nobody}
audit: { file: audit.log }
mask: { secret: "\${MASK_SECRET}", rules: [{ path: "**.password", becomes: hash }] }
auth:
  shoppers: { jwt: { issuer: https://id.test, audience: portico, secret: "\${TOKEN_SECRET}" } }
  machines:
    oauth2:
      introspection: http://127.0.0.1:${nobody}
      clientId: gateway
      clientSecret: "\${CLIENT_SECRET}"
  partners: { apiKey: { file: keys.json, query: api_key } }
  staff: { basic: { file: staff, transport: any } }
services:
  shop: { rest: "http://127.0.0.1:${(service.address() as AddressInfo).port}", identity: forward }
  gone: { rest: "http://127.0.0.1:${nobody}", identity: forward }
  ledger:
    rest: "http://127.0.0.1:${nobody}"
    identity:
      service: { tokenUrl: "http://127.0.0.1:${nobody}/token", clientId: gateway, clientSecret: "\${LEDGER_SECRET}" }
bffs:
  app: { prefix: /app, schema: schema.graphql, graphql: true, resolvers: resolvers.ts }
routes:
  - { path: /jwt, service: shop, auth: shoppers, mask: true }
  - { path: /opaque, service: shop, auth: machines, mask: true }
  - { path: /keyed, service: shop, auth: partners, mask: true }
  - { path: /basic, service: shop, auth: staff, mask: true }
  - { path: /ledger, service: ledger, mask: true }
  - { path: /limited, service: shop, mask: true, rateLimit: { limit: 1, window: 1h, by: { header: cookie } } }
  - { path: /gone, service: gone, mask: true }
`,
    'keys.json': '{ "keys": [] }',
    'told.graphql': 'query Told { told }',
    staff: '',
    'schema.graphql': 'type Query { told: String @resolver(fn: "told") crash: String @resolver(fn: "crash") }',
    'resolvers.ts': `
const told = () => { throw new Error('of Bearer planted.of.a-resolver and ?token=planted-in-an-error') }
const crash = () => { setImmediate(() => { throw new Error('the last words: Bearer planted.of.a-crash') }) ; return 'soon' }
export const resolvers = { told, crash }
`,
  })
  t.after(remove)
  const program = runProgram('src/main.ts', ['start', dir], { env: secrets })
  t.after(() => program.child.kill('SIGKILL'))
  const [, url = ''] = await program.wrote(/"listen":"(http:[^"]+)"/)
  await until(async () => (await fetch(`http://127.0.0.1:${probes}/livez`)).ok)
  return { dir, url, admin: `http://127.0.0.1:${admin}`, probes: `http://127.0.0.1:${probes}`, program }
}
