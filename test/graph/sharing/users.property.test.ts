import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { Agent, request as send } from 'undici'
import { layWorkspace, startGateway } from '../../support/gateway.ts'
import { issuer, signToken } from '../../support/token.ts'

const users = 1_000
const seed = Number(process.env['PORTICO_SEED'] ?? Date.now() % 2 ** 31)

describe('with all sharing on', () => {
  it(`never shows a user what is another's, for ${users} at once, and answers as without sharing (seed ${seed})`, async (t) => {
    const asking = await Promise.all(fc.sample(question, { seed, numRuns: users }).map(prepared))
    const services = await startServices()
    t.after(() => services.close())
    const answers: string[][] = []
    const asked: number[] = []
    for (const share of [false, true]) {
      const gateway = await startShared(services.url, share)
      const before = services.asked()
      try {
        answers.push(await Promise.all(asking.map((one) => ask(gateway.url, one))))
        asked.push(services.asked() - before)
        if (share) await assertShared(gateway.probes)
      } finally {
        await gateway.close()
      }
    }
    const [alone = [], shared = []] = answers
    for (const [index, one] of asking.entries()) {
      assert.deepEqual(JSON.parse(shared[index] ?? ''), { data: one.expected }, `user ${index}, seed ${seed}`)
      assert.equal(shared[index], alone[index], `user ${index}, seed ${seed}`)
    }
    const [without = 0, withSharing = 0] = asked
    assert.ok(withSharing < without, `${withSharing} calls with sharing, ${without} without`)
  })
})

/** Fields an operation may ask, each with what must come of it for a user. */
const fields = {
  whoami: ({ sub }: User) => sub,
  mine: ({ sub }: User) => `/of/${sub}`,
  told: ({ org }: User) => `/told ${org}`,
  org: ({ org }: User) => `/org/${org}`,
  local: ({ language }: User) => `/local ${language}`,
  public: () => '/public',
  page: ({ page }: User) => `/page/${page}`,
  forStaff: ({ staff }: User) => (staff ? '/staff' : null),
} as const

type User = {
  readonly sub: string
  readonly org: string
  readonly staff: boolean
  readonly language: string
  readonly page: number
}

const question = fc.record({
  org: fc.constantFrom('o-1', 'o-2'),
  staff: fc.boolean(),
  language: fc.constantFrom('de', 'en'),
  page: fc.constantFrom(1, 2, 3),
  names: fc.subarray(Object.keys(fields) as (keyof typeof fields)[], { minLength: 1, maxLength: 3 }),
})

const prepared = async (
  { names, ...rest }: typeof question extends fc.Arbitrary<infer Q> ? Q : never,
  index: number,
) => {
  const user: User = { ...rest, sub: `u-${index}` }
  // A refusal is an error entry; here it is asked only of those who may see it, and by the anonymous of nobody.
  const asked = names.filter((name) => name !== 'forStaff' || user.staff)
  const chosen: readonly (keyof typeof fields)[] = asked.length > 0 ? asked : ['whoami']
  const selection = chosen.map((name) => (name === 'page' ? 'page(number: $page)' : name)).join(' ')
  const paged = chosen.includes('page')
  return {
    user,
    body: JSON.stringify({
      // Asked twice, which is one call.
      query: `${paged ? 'query ($page: Int!) ' : ''}{ ${selection} again: public }`,
      ...(paged && { variables: { page: user.page } }),
    }),
    token: await signToken({ sub: user.sub, org: user.org, scope: user.staff ? 'staff' : 'guest' }),
    expected: { ...Object.fromEntries(chosen.map((name) => [name, fields[name](user)])), again: fields.public() },
  }
}

type Asking = Awaited<ReturnType<typeof prepared>>

const ask = async (url: string, { user, body, token }: Asking): Promise<string> => {
  const reply = await send(`${url}/web/graphql`, {
    method: 'POST',
    dispatcher: patient,
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      'accept-language': user.language,
      traceparent: `00-${'a'.repeat(32)}-${user.sub.slice(2).padStart(16, '1')}-01`,
    },
    body,
  })
  return reply.body.text()
}

/** A thousand connections at once may take a busy machine longer than fetch waits for one. */
const patient = new Agent({ connect: { timeout: 100_000 } })

const startShared = async (service: string, share: boolean) => {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
probes: 127.0.0.1:0
budget: 1m
services:
  known: { rest: ${service}, identity: forward, timeout: 1m, shareCalls: ${share} }
  told: { rest: ${service}, identity: { headers: { x-org: claims.org } }, timeout: 1m, shareCalls: ${share} }
  blind: { rest: ${service}, identity: none, timeout: 1m, shareCalls: ${share} }
auth:
  people: { jwt: { issuer: ${issuer.issuer}, audience: ${issuer.audience}, secret: "${issuer.secret}" } }
bffs:
  web: { prefix: /web, schema: schema.graphql, auth: people, shareOperations: ${share} }
`,
    'schema.graphql': `type Query {
  whoami: String @rest(service: "known", get: "/whoami")
  told: String @rest(service: "told", get: "/told")
  mine: String @rest(service: "blind", get: "/of/{claims.sub}")
  org: String @rest(service: "blind", get: "/org/{claims.org}")
  local: String
    @rest(service: "blind", get: "/local", headers: [{ name: "Accept-Language", value: "{header.accept-language}" }])
  public: String @rest(service: "blind", get: "/public")
  page(number: Int!): String @rest(service: "blind", get: "/page/{args.number}")
  forStaff: String @auth(scopes: [["staff"]]) @rest(service: "blind", get: "/staff")
}`,
  })
  const { gateway, url, close } = await startGateway(dir)
  const probes = gateway.probes
  assert.ok(probes)
  return {
    url,
    probes: `http://${probes.host}:${probes.port}`,
    async close() {
      await close()
      await remove()
    },
  }
}

const assertShared = async (probes: string): Promise<void> => {
  const metrics = await (await fetch(`${probes}/metrics`)).text()
  assert.match(metrics, /portico_reused_total\{service="blind"\} [1-9]/)
  assert.match(metrics, /portico_shared_calls_total\{service="blind"\} [1-9]/)
  assert.match(metrics, /portico_shared_operations_total\{bff="web"\} [1-9]/)
}

/** What a token says of its bearer, which is what a service with `identity: forward` answers by. */
const subjectOf = ({ headers: { authorization = '' } }: IncomingMessage): string => {
  const claims = Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString()
  return String((JSON.parse(claims) as { sub?: unknown }).sub)
}

/** A service that says what it was asked, after as long as services take: calls overlap. */
const startServices = async () => {
  let asked = 0
  const server = createServer((request, response) => {
    asked += 1
    const path = request.url ?? ''
    const said =
      path === '/whoami'
        ? subjectOf(request)
        : path === '/told'
          ? `${path} ${String(request.headers['x-org'])}`
          : path === '/local'
            ? `${path} ${String(request.headers['accept-language'])}`
            : path
    setTimeout(() => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(said))
    }, asked % 20)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
