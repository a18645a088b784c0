import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import { layWorkspace, startGateway } from '../support/gateway.ts'

describe('an explained request', () => {
  it('is executed by itself where identical operations are shared, and shares calls like any other', async (t) => {
    const { ask, waiting, answerAll } = await slow(t, { bff: 'shareOperations: true', service: 'shareCalls: true' })
    const plain = ask()
    await waiting(1)
    const explained = ask({ 'portico-explain': '1' }, '{ a: thing(id: "a") { id } b: thing(id: "b") { id } }')
    // Its two calls begin together: once the second is here, the first has joined the one that waits.
    await waiting(2)
    answerAll()
    assert.deepEqual(await plain, { data: { thing: { id: 'a' } } })
    const { extensions } = (await explained) as Explained
    assert.deepEqual(
      extensions.explain.steps.map(({ calls }) => calls[0]?.shared),
      [true, undefined],
    )
  })

  it('asks anew where an identical operation is in flight', async (t) => {
    const { ask, waiting, answerAll } = await slow(t, { bff: 'shareOperations: true' })
    const plain = ask()
    await waiting(1)
    const explained = ask({ 'portico-explain': '1' })
    await waiting(2)
    answerAll()
    const { data } = (await explained) as { readonly data: unknown }
    assert.deepEqual(data, ((await plain) as { readonly data: unknown }).data)
  })

  it('gets a whole answer where another would hear that it holds it already', async (t) => {
    const { endpoint, waiting, answerAll } = await slow(t, {})
    const first = endpoint()
    await waiting(1)
    answerAll()
    const etag = (await first).headers.get('etag')
    assert.ok(etag !== null)
    const second = endpoint({ 'if-none-match': etag, 'portico-explain': '1' })
    await waiting(1)
    answerAll()
    const { status, headers } = await second
    assert.deepEqual(
      { status, etag: headers.get('etag'), cache: headers.get('cache-control') },
      { status: 200, etag: null, cache: 'no-store' },
    )
  })
})

type Explained = {
  readonly extensions: {
    readonly explain: { readonly steps: readonly { readonly calls: readonly { readonly shared?: true }[] }[] }
  }
}

/** A gateway in development over a service whose answers are held back until told. */
async function slow(t: TestContext, { bff = '', service = '' }: { readonly bff?: string; readonly service?: string }) {
  let held: { readonly url: string; readonly response: ServerResponse }[] = []
  let enough: { readonly count: number; readonly reached: () => void } | undefined
  const things = createServer(({ url = '' }, response) => {
    held.push({ url, response })
    if (held.length >= (enough?.count ?? Number.POSITIVE_INFINITY)) enough?.reached()
  }).listen(0, '127.0.0.1')
  await once(things, 'listening')
  t.after(() => things.close())
  const { port } = things.address() as { port: number }
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services:
  things: { rest: "http://127.0.0.1:${port}", identity: none, ${service} }
bffs:
  web: { prefix: /web, schema: schema.graphql, operations: thing.graphql, graphql: true, ${bff} }
`,
    'schema.graphql':
      'type Query { thing(id: ID!): Thing @rest(service: "things", get: "/things/{args.id}") } type Thing { id: ID }',
    'thing.graphql': 'query Thing @endpoint(get: "/thing") { thing(id: "a") { id } }',
  })
  t.after(remove)
  const { url, close } = await startGateway(dir, { development: true })
  t.after(close)
  return {
    ask: async (
      headers: Readonly<Record<string, string>> = {},
      query = '{ thing(id: "a") { id } }',
    ): Promise<unknown> => {
      const body = JSON.stringify({ query })
      const type = { 'content-type': 'application/json' }
      return (await fetch(`${url}/web/graphql`, { method: 'POST', headers: { ...type, ...headers }, body })).json()
    },
    endpoint: async (headers: Readonly<Record<string, string>> = {}): Promise<Response> => {
      const reply = await fetch(`${url}/web/thing`, { headers })
      await reply.arrayBuffer()
      return reply
    },
    /** Once so many requests wait at the service. */
    waiting: (count: number): Promise<void> =>
      held.length >= count ? Promise.resolve() : new Promise((reached) => (enough = { count, reached })),
    answerAll: (): void => {
      for (const { url: path, response } of held)
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ id: path.split('/').at(-1) }))
      held = []
    },
  }
}
