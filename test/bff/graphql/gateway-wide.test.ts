import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { missing } from '../../support/programs.ts'
import { startRedis, type TestRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { startFeed } from './feed.ts'

describe('GraphQL and the gateway around it', () => {
  it('ends event streams with an error when the gateway closes', async () => {
    const feed = await startFeed()
    const reply = await fetch(`${feed.endpoint}?query=${encodeURIComponent('subscription { added { id } }')}`, {
      headers: { accept: 'text/event-stream' },
    })
    const text = reply.text()
    await feed.close()
    assert.match(
      await text,
      /event: next\ndata: \{"errors":\[\{"message":"The gateway is going away[^\n]*\n\nevent: complete\n/,
    )
  })

  it('counts what operations cost', async () => {
    const feed = await startFeed({
      workspace: ['probes: 127.0.0.1:0', 'limits: { cost: { max: 100, mode: measure } }'],
    })
    try {
      await post(feed.endpoint, { query: '{ written(productId: "p-1") { reviews { id } } }' })
      const { host, port } = feed.gateway.probes ?? { host: '', port: 0 }
      const metrics = await (await fetch(`http://${host}:${port}/metrics`)).text()
      assert.match(metrics, /portico_graphql_operation_cost_sum\{bff="app"\} 11\n/)
    } finally {
      await feed.close()
    }
  })

  it('shares registered documents among replicas', { skip: missing('redis-server') }, async () => {
    const settings = { workspace: [`redis: ${redis.url}`], bff: ['documents: { apq: true }'] }
    const [one, other] = [await startFeed(settings), await startFeed(settings)]
    try {
      const query = '{ __typename }'
      const sha256Hash = createHash('sha256').update(query).digest('hex')
      const extensions = { persistedQuery: { version: 1, sha256Hash } }
      assert.match(await post(other.endpoint, { extensions }), /PersistedQueryNotFound/)
      // Clients register again where Redis was not there, or too late, as on a busy machine.
      await until(async () => {
        assert.equal(await post(one.endpoint, { query, extensions }), '{"data":{"__typename":"Query"}}')
        return (await post(other.endpoint, { extensions })) === '{"data":{"__typename":"Query"}}'
      })
    } finally {
      await Promise.all([one.close(), other.close()])
    }
  })
})

const post = async (url: string, body: object): Promise<string> => {
  const headers = { 'content-type': 'application/json' }
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).text()
}

let redis: TestRedis
before(async () => {
  if (missing('redis-server') === false) redis = await startRedis()
})
after(() => redis?.stop())
