import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { layWorkspace, startGateway } from '../support/gateway.ts'

describe('the last good value of a field', () => {
  it('outlives a reload', async (t) => {
    const { news, service, change } = await serving(t)
    assert.equal(await news(), 'today')
    service.failing = true
    await change(schema({ select: 'title' }), 'type Other { a: Int }')
    assert.equal(await news(), 'today')
  })

  it('is none of a binding that the reload changed', async (t) => {
    const { news, service, change } = await serving(t)
    assert.equal(await news(), 'today')
    service.failing = true
    await change(schema({ select: 'subtitle' }))
    assert.equal(await news(), null)
  })
})

const schema = ({ select }: { readonly select: string }): string =>
  `type Query { news: String @rest(service: "news", get: "/news", select: "${select}") @fallback(stale: "5m") }\n`

const serving = async (t: TestContext) => {
  const service = { failing: false }
  const server = createServer((_request, response) => {
    response.writeHead(service.failing ? 500 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ title: 'today', subtitle: 'and tomorrow' }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services:
  news: { rest: "http://127.0.0.1:${(server.address() as AddressInfo).port}", identity: none }
bffs:
  web: { prefix: /web, schema: web.graphql }
`,
    'web.graphql': schema({ select: 'title' }),
  })
  const { gateway, url, close } = await startGateway(dir)
  t.after(async () => {
    await close()
    server.close()
    await remove()
  })
  return {
    service,
    news: async (): Promise<unknown> => {
      const reply = await fetch(`${url}/web/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"query": "{ news }"}',
      })
      return ((await reply.json()) as { data: { news: unknown } }).data.news
    },
    change: async (...texts: readonly string[]): Promise<void> => {
      await writeFile(join(dir, 'web.graphql'), texts.join('\n'))
      assert.equal((await gateway.reload()).ok, true)
    },
  }
}
