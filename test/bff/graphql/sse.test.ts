import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Client, createClient } from 'graphql-sse'
import { signToken } from '../../support/token.ts'
import { until } from '../../support/until.ts'
import { type Feed, startFeed } from './feed.ts'

type Answer = { readonly data?: Record<string, unknown> | null; readonly errors?: readonly Wrong[] }
type Wrong = { readonly message: string; readonly extensions?: { readonly code: string } }

describe('GraphQL over server-sent events', () => {
  it('sends an event for each answer to the stock client, and cancels upstream when it leaves', async () => {
    const client = clientOf(feed)
    const events = client.iterate({ query: 'subscription { added { id rating } }' })
    const ids: unknown[] = []
    for await (const { data } of events) {
      ids.push(JSON.stringify(data?.['added']))
      if (ids.length === 3) break
    }
    assert.equal(new Set(ids).size, 3)
    await until(() => feed.reviews.calls.cancelled() > 0)
  })

  it('answers a query with one event and completes', async () => {
    const answers = await all(clientOf(feed), '{ written(productId: "p-1") { reviews { rating } } }')
    assert.equal(answers.length, 1)
    assert.match(JSON.stringify(answers[0]?.data), /^\{"written":\{"reviews":\[\{"rating":\d/)
  })

  it('tells what is wrong with a document as an event, since EventSource reads nothing else', async () => {
    const [answer, ...more] = await all(clientOf(feed), 'subscription { nothing }')
    assert.deepEqual(more, [])
    assert.match(answer?.errors?.[0]?.message ?? '', /Cannot query field "nothing"/)
    assert.equal(answer?.errors?.[0]?.extensions?.code, 'INVALID_ARGUMENT')
  })

  it('works by GET, as EventSource asks, and changes nothing so', async () => {
    const reply = await ask(`?query=${encodeURIComponent('subscription { added { id } }')}`)
    assert.equal(reply.status, 200)
    assert.equal(reply.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    const { value } = (await reply.body?.getReader().read()) ?? {}
    assert.match(Buffer.from(value ?? []).toString(), /^event: next\ndata: \{"data":\{"added":/)
    const mutation = await ask(`?query=${encodeURIComponent('mutation { write(productId: "p-1") { id } }')}`)
    assert.equal(mutation.status, 405)
  })

  it('reads the caller from the Authorization header', async () => {
    const query = 'subscription { added { body } }'
    const [anonymous] = await some(clientOf(feed), query, 1)
    assert.deepEqual(
      anonymous?.errors?.map(({ extensions }) => extensions?.code),
      ['UNAUTHENTICATED'],
    )
    const [known] = await some(clientOf(feed, { scope: 'shop' }), query, 1)
    assert.equal(known?.errors, undefined)
  })

  it('ends with an error when the token expires', async () => {
    const exp = Math.ceil(Date.now() / 1_000) + 2
    const answers = await all(clientOf(feed, { exp }), 'subscription { added { id } }')
    assert.ok(answers.length > 1)
    assert.deepEqual(
      answers.at(-1)?.errors?.map(({ message, extensions }) => [message, extensions?.code]),
      [['The token has expired.', 'UNAUTHENTICATED']],
    )
  })

  it('keeps a silent stream alive, and has room for so many', async () => {
    const quiet = await startFeed({ intervalMs: 0, bff: ['subscriptions: { ping: 30ms, connections: 1 }'] })
    try {
      const query = `?query=${encodeURIComponent('subscription { added { id } }')}`
      const first = await ask(query, quiet)
      const reader = first.body?.getReader()
      assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), ':\n\n')
      const second = await ask(query, quiet)
      assert.equal(second.status, 503)
      assert.equal(second.headers.get('retry-after'), '5')
      await reader?.cancel()
      await until(async () => {
        const third = await ask(query, quiet)
        await third.body?.cancel()
        return third.status === 200
      })
    } finally {
      await quiet.close()
    }
  })
})

const ask = (query: string, to: Feed = feed): Promise<Response> =>
  fetch(to.endpoint + query, { headers: { accept: 'text/event-stream' } })

const clientOf = (to: Feed, claims?: Readonly<Record<string, unknown>>): Client =>
  createClient({
    url: to.endpoint,
    retryAttempts: 0,
    headers: async (): Promise<Record<string, string>> =>
      claims === undefined ? {} : { authorization: `Bearer ${await signToken(claims)}` },
  })

const all = (client: Client, query: string): Promise<readonly Answer[]> => some(client, query, Number.POSITIVE_INFINITY)

const some = async (client: Client, query: string, most: number): Promise<readonly Answer[]> => {
  const answers: Answer[] = []
  for await (const answer of client.iterate({ query })) {
    answers.push(answer as unknown as Answer)
    if (answers.length === most) break
  }
  return answers
}

let feed: Feed
before(async () => {
  feed = await startFeed()
})
after(() => feed.close())
