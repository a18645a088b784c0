import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { issuer, signToken } from '../support/token.ts'

/** Who asks, from where. */
type Asker = {
  readonly sub?: string
  readonly tenant?: string
  readonly plan?: string
  readonly from?: string
  readonly device?: string
}

type Case = {
  /** In YAML. */
  readonly by: string
  /** Arguments of @rateLimit; undefined where it cannot be said there. */
  readonly words: string | undefined
  /** Two that are counted as one. */
  readonly same: readonly [Asker, Asker]
  /** Others, each counted apart from those two. */
  readonly others: readonly Asker[]
}

const ada = { sub: 'ada', tenant: 'acme', plan: 'pro', from: '198.51.100.1', device: 'd-1' } as const

const cases: Readonly<Record<string, Case>> = {
  user: {
    by: 'user',
    words: 'by: USER',
    same: [ada, { ...ada, from: '198.51.100.2' }],
    others: [{ ...ada, sub: 'bob' }],
  },
  plan: { by: 'plan', words: 'by: PLAN', same: [ada, { ...ada, sub: 'bob' }], others: [{ ...ada, plan: 'free' }] },
  ip: { by: 'ip', words: 'by: IP', same: [ada, { ...ada, sub: 'bob' }], others: [{ ...ada, from: '198.51.100.2' }] },
  global: { by: 'global', words: 'by: GLOBAL', same: [ada, { sub: 'bob', from: '198.51.100.2' }], others: [] },
  claim: {
    by: '{ claim: tenant }',
    words: 'claims: "tenant"',
    same: [ada, { ...ada, sub: 'bob', from: '198.51.100.2' }],
    others: [{ ...ada, tenant: 'other' }, { sub: 'ada' }],
  },
  header: {
    by: '{ header: x-device }',
    words: undefined,
    same: [ada, { ...ada, sub: 'bob' }],
    others: [{ ...ada, device: 'd-2' }],
  },
  user_and_address: {
    by: '[user, ip]',
    words: 'by: [USER, IP]',
    same: [ada, { ...ada, tenant: 'other' }],
    others: [
      { ...ada, sub: 'bob' },
      { ...ada, from: '198.51.100.2' },
    ],
  },
  plan_and_claim: {
    by: '[plan, { claim: tenant }]',
    words: 'by: PLAN, claims: ["tenant"]',
    same: [ada, { ...ada, sub: 'bob' }],
    others: [
      { ...ada, plan: 'free' },
      { ...ada, tenant: 'other' },
    ],
  },
}

const places = ['route', 'bff', 'operation', 'field'] as const

describe('limits', () => {
  it('on a BFF, route, operation and field each count by user, plan, address, claim, header, combinations and all together', async (t) => {
    const ask = await gateway(t, everywhere(), { 'ok.graphql': sdl, 'resolvers.ts': resolvers, ...files() })
    for (const [name, one] of Object.entries(cases))
      for (const place of places) {
        if (one.words === undefined && (place === 'operation' || place === 'field')) continue
        await counts(one, (asker) => ask(asker, place, name), `${name} on ${place}`)
      }
  })

  it('of the whole gateway count by each of them, over all of its places', async (t) => {
    await Promise.all(
      Object.entries(cases).map(async ([name, one]) => {
        const gatewayWide = `rateLimit: { limit: 2, window: 1h, by: ${one.by} }\nroutes:\n${route('one')}${route('two')}`
        const ask = await gateway(t, gatewayWide)
        let turn = 0
        const either = (asker: Asker) => ask(asker, 'route', (turn += 1) % 2 === 0 ? 'one' : 'two')
        await counts(one, either, `${name} on the gateway`)
      }),
    )
  })
})

/** Two pass, whoever of the two asks; the third of them does not; others do. */
const counts = async ({ same, others }: Case, ask: (asker: Asker) => Promise<number>, what: string): Promise<void> => {
  const [one, other] = same
  assert.deepEqual([await ask(one), await ask(other), await ask(one), await ask(other)], [200, 200, 429, 429], what)
  for (const stranger of others) assert.equal(await ask(stranger), 200, `${what}: ${JSON.stringify(stranger)}`)
}

const limit = (by: string): string => `rateLimit: { limit: 2, window: 1h, by: ${by} }`
const route = (name: string, more = ''): string =>
  `  - { path: /route/${name}, respond: { body: hello }, auth: users${more === '' ? '' : `, ${more}`} }\n`

const everywhere = (): string => {
  const routes = Object.entries(cases).map(([name, { by }]) => route(name, limit(by)))
  const own = Object.entries(cases).map(
    ([name, { by }]) => `
  bff-${name.replaceAll('_', '-')}: { prefix: /bff/${name}, schema: ok.graphql, resolvers: resolvers.ts, auth: users, ${limit(by)} }`,
  )
  return `
routes:
${routes.join('')}
bffs:${own.join('')}
  operation: { prefix: /operation, schema: ok.graphql, resolvers: resolvers.ts, auth: users, operations: "ops/*.graphql" }
  field: { prefix: /field, schema: field.graphql, resolvers: resolvers.ts, auth: users }
`
}

const sayable = Object.entries(cases).flatMap(([name, { words }]) =>
  words === undefined ? [] : [[name, words] as const],
)

const files = (): Readonly<Record<string, string>> => ({
  'field.graphql': `type Query {\n${sayable
    .map(([name, words]) => `  ${name}: Boolean @resolver(fn: "ok") @rateLimit(limit: 2, window: "1h", ${words})`)
    .join('\n')}\n}\n`,
  ...Object.fromEntries(
    sayable.map(([name, words]) => [
      `ops/${name}.graphql`,
      `query Op_${name} @endpoint(get: "/${name}") @rateLimit(limit: 2, window: "1h", ${words}) { ok }\n`,
    ]),
  ),
})

const sdl = 'type Query { ok: Boolean @resolver(fn: "ok") }\n'
const resolvers = 'export const resolvers = { ok: () => true }\n'

const gateway = async (t: TestContext, written: string, more: Readonly<Record<string, string>> = {}) => {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `
listen: 127.0.0.1:0
trustedProxies: [127.0.0.1/32]
services: {}
auth:
  users:
    jwt: { issuer: "${issuer.issuer}", audience: ${issuer.audience}, secret: "\${SECRET}" }
${written}`,
    ...more,
  })
  t.after(remove)
  const { url, close } = await startGateway(dir, { env: { SECRET: issuer.secret } })
  t.after(close)
  return async ({ from, device, ...claims }: Asker, place: string, name: string): Promise<number> => {
    const headers = {
      authorization: `Bearer ${await signToken(claims)}`,
      'content-type': 'application/json',
      ...(from !== undefined && { 'x-forwarded-for': from }),
      ...(device !== undefined && { 'x-device': device }),
    }
    const query = place === 'bff' ? '{ ok }' : place === 'field' ? `{ ${name} }` : undefined
    const target = place === 'bff' ? `/bff/${name}/graphql` : place === 'field' ? '/field/graphql' : `/${place}/${name}`
    const body = query === undefined ? {} : { method: 'POST', body: JSON.stringify({ query }) }
    const reply = await fetch(url + target, { headers, ...body })
    await reply.arrayBuffer()
    return reply.status
  }
}
