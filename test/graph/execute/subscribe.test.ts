import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { subscribe } from '../../../src/graph/subscribe.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { contextOf, idsIn, type RunOptions, readable, world } from '../support/graph.ts'

describe('a subscription', () => {
  it('executes the operation below its root field for each message', async () => {
    const { results, opened } = watching([{ id: 'a', authorId: 1 }, { id: 'b' }])
    const seen = await all(results('subscription { review(productId: 5) { id author { name } } }'))
    assert.deepEqual(seen.map(readable), [
      { data: { review: { id: 'a', author: { name: 'user 1' } } }, errors: [], calls: 1 },
      { data: { review: { id: 'b', author: null } }, errors: [], calls: 0 },
    ])
    assert.deepEqual(opened, [{ productId: '5' }])
  })

  it('takes the selected part of each message', async () => {
    const { results } = watching([{ id: 'a', body: 'fine' }])
    assert.deepEqual((await all(results('subscription { text(productId: 5) }'))).map(readable), [
      { data: { text: 'fine' }, errors: [], calls: 0 },
    ])
  })

  it('never opens its stream for a caller who may not see it', async () => {
    const { results, opened } = watching([])
    await assert.rejects(
      results('subscription { secret { id } }').next(),
      (error) => error instanceof Problem && error.code === 'UNAUTHENTICATED',
    )
    assert.deepEqual(opened, [])
    const allowed = results('subscription { secret { id } }', { identity: { scopes: new Set(['staff']) } })
    assert.deepEqual(await allowed.next(), { done: true, value: undefined })
    assert.equal(opened.length, 1)
  })

  it('cancels its stream when its reader stops', async () => {
    const { results, state } = watching([{ id: 'a' }, { id: 'b' }])
    for await (const _ of results('subscription { review(productId: 5) { id } }')) break
    assert.deepEqual(state, { closed: true })
  })

  it('cancels its stream when its reader stops while it waits for a message', async () => {
    const { results, release } = watching([])
    const events = results('subscription { never }')
    const next = events.next()
    const returned = await Promise.race([events.return().then(() => 'returned'), turn('waiting')])
    release()
    await next
    assert.equal(returned, 'returned')
  })

  it('ends with the problem of a stream that breaks, after what came before', async () => {
    const { results } = watching([{ id: 'a' }, new Problem('UNAVAILABLE', 'broken')])
    const events = results('subscription { review(productId: 5) { id } }')
    assert.deepEqual(readable((await events.next()).value as never).data, { review: { id: 'a' } })
    await assert.rejects(events.next(), /broken/)
  })
})

/** A value once everything that can happen without a message has happened. */
const turn = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(resolve, value))

const all = async <T>(events: AsyncIterable<T>): Promise<T[]> => {
  const items: T[] = []
  for await (const item of events) items.push(item)
  return items
}

const watching = (messages: readonly (Json | Problem)[]) => {
  const { graph, requestFor, tools } = world({
    answer: ({ line }) => ({ items: idsIn(line).map((id) => ({ id, name: `user ${id}` })) }),
    sdl: `
      type Query { user(id: ID!): User @load(by: { id: "{args.id}" }) }
      type Subscription {
        review(productId: ID!): Review
          @grpc(method: "shop.reviews.v1.Reviews/WatchReviews", request: { productId: "{args.productId}" })
        text(productId: ID!): String @grpc(method: "shop.reviews.v1.Reviews/WatchReviews", select: "body")
        never: String @grpc(method: "things.v1.Things/Watch", select: "note")
        secret: Review @grpc(method: "shop.reviews.v1.Reviews/WatchReviews") @auth(scopes: [["staff"]])
      }
      type Review { id: ID! authorId: ID @internal author: User @load(by: { id: "{this.authorId}" }) }
      type User @entity(key: "id")
        @rest(service: "users", get: "/users?ids={keys.id|join(',')}", select: "items", batch: { match: "id" }) {
        id: ID!
        name: String
      }`,
  })
  const opened: Json[] = []
  const state = { closed: false }
  async function* stream(message: Json): AsyncGenerator<Json> {
    opened.push(message)
    try {
      for (const item of messages) {
        if (item instanceof Problem) throw item
        yield item
      }
    } finally {
      state.closed = true
    }
  }
  const silence = Promise.withResolvers<void>()
  const silent = (): AsyncIterable<Json> => ({
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        await silence.promise
        return { done: true, value: undefined }
      },
    }),
  })
  const streams = graph.bindings.map(({ coordinate }) =>
    coordinate === 'Subscription.never' ? silent : (rendered: { message?: Json }) => stream(rendered.message ?? null),
  )
  return {
    opened,
    release: silence.resolve,
    state,
    results: (source: string, options: RunOptions = {}) =>
      subscribe(
        { ...requestFor(source, options), eventContext: () => contextOf(options) },
        { ...tools, streams: streams as never },
      ),
  }
}
