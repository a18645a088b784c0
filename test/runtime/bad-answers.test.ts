import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { answered, bodyFaults, type FaultServer, startFaultServer, wireFaults } from '../support/fault-server.ts'
import { layWorkspace, startGateway, type TestGateway, type TestWorkspace } from '../support/gateway.ts'

type Body = {
  readonly thing: unknown
  readonly other: unknown
  readonly errors?: readonly Wrong[]
  readonly _errors?: readonly { readonly path: readonly string[]; readonly code: string }[]
}
type Wrong = {
  readonly message: string
  readonly path: readonly string[]
  readonly extensions: { readonly code: string }
}

/** What an answer may never show: what the service wrote, where it is, what broke. */
const secrets = /upstream|127\.0\.0\.1|169\.254|ECONN|SyntaxError|\bat \//

describe('what a service answers wrongly', () => {
  for (const name of [...Object.keys(wireFaults), ...Object.keys(bodyFaults)]) {
    it(`is the failure of its own part: ${name}`, async () => {
      const { text, body, ms } = await asked('/app/graphql', name)
      assert.deepEqual(body.other, { id: 'o-1' })
      assert.equal(body.thing, null)
      const [wrong, ...more] = body.errors ?? []
      assert.deepEqual([wrong?.path, more], [['thing'], []])
      assert.match(wrong?.extensions.code ?? '', /^(UNAVAILABLE|DEADLINE_EXCEEDED)$/)
      assert.doesNotMatch(text, secrets)
      assert.ok(ms < timeoutMs + soonMs, `It took ${ms} ms.`)
    })

    it(`is missing of a partial answer of an endpoint: ${name}`, async () => {
      const { reply, body, text } = await asked('/app/both', name)
      assert.deepEqual([reply.status, reply.headers.get('portico-partial')], [200, 'bad'])
      assert.equal(reply.headers.get('cache-control'), 'no-store')
      assert.deepEqual([body.thing, body.other], [null, { id: 'o-1' }])
      assert.deepEqual(
        body._errors?.map(({ path }) => path),
        [['thing']],
      )
      assert.doesNotMatch(text, secrets)
    })
  }

  it('keeps no connection of an answer that broke', async () => {
    for (const name of Object.keys(wireFaults)) await asked('/app/both', name)
    await bad.quiet()
  })

  it('takes no more memory than maxAnswer allows', async () => {
    const idle = process.memoryUsage().rss
    for (const name of ['a body of 1 GiB', 'chunks without end', 'a head without end', 'interim answers without end'])
      await Promise.all(Array.from({ length: 5 }, () => asked('/app/both', name)))
    const grown = process.memoryUsage().rss - idle
    assert.ok(grown < 150_000_000, `It grew by ${grown} bytes.`)
  })
})

const timeoutMs = 300
const soonMs = 20_000

const asked = async (path: string, name: string) => {
  const started = performance.now()
  const reply =
    path === '/app/graphql'
      ? await fetch(gateway.url + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query, variables: { name } }),
        })
      : await fetch(`${gateway.url}${path}/${encodeURIComponent(name)}`)
  const text = await reply.text()
  const json = JSON.parse(text) as Body & { readonly data: Body }
  const body: Body = path === '/app/graphql' ? { ...json.data, ...(json.errors && { errors: json.errors }) } : json
  return { reply, text, body, ms: performance.now() - started }
}

const query = 'query ($name: String!) { thing(name: $name) { id name } other { id } }'

let bad: FaultServer
let good: FaultServer
let workspace: TestWorkspace
let gateway: TestGateway
before(async () => {
  bad = await startFaultServer({ ...wireFaults, ...bodyFaults })
  // A hundred headers are no fault.
  const headers = Array.from({ length: 100 }, (_, index) => `x-${index}: a`)
  good = await startFaultServer({ other: answered('{"id":"o-1"}', ...headers) })
  workspace = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services:
  bad: { rest: "${bad.url}", identity: none, timeout: ${timeoutMs}ms, maxAnswer: 1MiB }
  good: { rest: "${good.url}", identity: none }
bffs:
  app: { prefix: /app, schema: schema.graphql, operations: both.graphql, graphql: true }
`,
    'schema.graphql': `type Query {
  thing(name: String!): Thing @rest(service: "bad", get: "/{args.name}")
  other: Thing @rest(service: "good", get: "/other")
}
type Thing { id: ID! name: String }
`,
    'both.graphql': `query Both($name: String!) @endpoint(get: "/both/{name}") { thing(name: $name) { id name } other { id } }\n`,
  })
  gateway = await startGateway(workspace.dir)
})
after(async () => {
  await gateway.close()
  await Promise.all([bad.close(), good.close(), workspace.remove()])
})
