import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { signToken } from '../../support/token.ts'
import { until } from '../../support/until.ts'
import { type Feed, startFeed } from '../graphql/feed.ts'

describe('a streaming endpoint', () => {
  it('sends each event as a message, and cancels upstream when the client leaves', async (t) => {
    const feed = await start(t)
    const stream = await open(feed)
    assert.equal(stream.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    const events = eventsOf(stream)
    const { value } = await events.next()
    const { id, rating } = JSON.parse(value?.data ?? '') as { id: string; rating: number }
    assert.equal(value?.event, 'message')
    assert.ok(id.length > 0 && rating > 0)
    await events.return()
    await until(() => feed.reviews.calls.cancelled() > 0)
  })

  it('keeps a silent stream alive, and has room for so many, GraphQL included', async (t) => {
    const feed = await start(t, {
      intervalMs: 0,
      bff: ['graphql: true', 'subscriptions: { ping: 30ms, connections: 1 }'],
    })
    const reader = (await open(feed)).body?.getReader()
    assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), ':\n\n')
    const query = `?query=${encodeURIComponent('subscription { added { id } }')}`
    const { status, headers } = await fetch(feed.endpoint + query, { headers: { accept: 'text/event-stream' } })
    assert.deepEqual([status, headers.get('retry-after')], [503, '5'])
    await reader?.cancel()
  })

  it('ends with an error when the gateway stops', async (t) => {
    const feed = await start(t)
    const events = eventsOf(await open(feed))
    await events.next()
    const closed = feed.gateway.close()
    const last = await lastOf(events)
    await closed
    assert.equal(last?.event, 'error')
    assert.equal((JSON.parse(last.data) as { code: string }).code, 'UNAVAILABLE')
  })

  it('ends with an error when the token expires', async (t) => {
    const feed = await start(t)
    const token = await signToken({ exp: Math.ceil(Date.now() / 1_000) + 2 })
    const last = await lastOf(eventsOf(await open(feed, { authorization: `Bearer ${token}` })))
    assert.equal(last?.event, 'error')
    assert.equal((JSON.parse(last.data) as { code: string }).code, 'UNAUTHENTICATED')
  })
})

const watch = 'subscription Watch @endpoint(sse: "/reviews", unwrap: "added") { added { id rating } }\n'

const start = async (
  t: TestContext,
  { bff = [], ...settings }: Parameters<typeof startFeed>[0] = {},
): Promise<Feed> => {
  const feed = await startFeed({
    ...settings,
    bff: ['operations: watch.graphql', ...bff],
    files: { 'watch.graphql': watch },
  })
  t.after(() => feed.close())
  return feed
}

const open = (feed: Feed, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${feed.url}/app/reviews`, { headers: { accept: 'text/event-stream', ...headers } })

type ServerEvent = { readonly event: string; readonly data: string }

async function* eventsOf({ body }: Response): AsyncGenerator<ServerEvent, void, void> {
  let text = ''
  for await (const chunk of body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString()
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) {
      const fields = new Map(part.split('\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]))
      if (fields.has('data')) yield { event: fields.get('event') ?? 'message', data: fields.get('data') ?? '' }
    }
  }
}

const lastOf = async (events: AsyncIterable<ServerEvent>): Promise<ServerEvent | undefined> => {
  let last: ServerEvent | undefined
  for await (const event of events) last = event
  return last
}
