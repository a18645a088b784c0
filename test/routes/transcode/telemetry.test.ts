import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startTranscoder } from './support/transcoder.ts'

describe('the metrics of a transcoding route', () => {
  it('name the rule, never what the client sent, also where a policy refused', async (t) => {
    const { url, metrics } = await startTranscoder(t, {
      proto: `
service Test { rpc Get(Item) returns (Item) { option (google.api.http) = { get: "/v1/{name=items/*}" }; } }
message Item { string name = 1; }
`,
      handlers: { Get: ((_call: object, done: (error: null, item: object) => void) => done(null, {})) as never },
      route: ['rateLimit: { limit: 2, window: 1m }'],
    })
    for (const path of ['items/secret', 'nowhere/secret', 'items/other'])
      await (await fetch(`${url}/v1/${path}`)).text()
    const text = await metrics()
    const counted = (route: string, status: number): boolean =>
      text.includes(`http_server_request_duration_seconds_count{method="GET",route="${route}",status="${status}"} 1`)
    assert.ok(counted('/api/v1/{name=items/*}', 200), text)
    assert.ok(counted('/api/*', 404))
    assert.ok(counted('/api/v1/{name=items/*}', 429))
    assert.doesNotMatch(text, /secret/)
  })
})
