import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Client, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { type ShopGateway, startShopGateway } from '../support/shop.ts'
import { until } from '../support/until.ts'

describe('a subscription over graphql-transport-ws', () => {
  it('composes each event of a gRPC stream with data of other services', async () => {
    const { client } = connect()
    const event = await first(client, 'subscription { reviewAdded { rating author { name } product { name } } }')
    const { data } = event as {
      data: { reviewAdded: { rating: number; author: { name: string }; product: { name: string } } }
    }
    assert.ok(data.reviewAdded.rating >= 1 && data.reviewAdded.rating <= 5)
    assert.match(data.reviewAdded.author.name, /\w+ \w+/)
    assert.match(data.reviewAdded.product.name, /\w+/)
  })

  it('reads claims from the token of connection_init', async () => {
    const query = 'subscription { reviewAdded { author { email } } }'
    const anonymous = (await first(connect().client, query)) as {
      data: { reviewAdded: { author: { email: null } } }
      errors: { path: string[]; extensions: { code: string } }[]
    }
    assert.equal(anonymous.data.reviewAdded.author.email, null)
    assert.deepEqual(
      anonymous.errors.map(({ path, extensions }) => [path, extensions.code]),
      [[['reviewAdded', 'author', 'email'], 'UNAUTHENTICATED']],
    )
    const known = (await first(connect(`Bearer ${await gateway.token()}`).client, query)) as {
      data: { reviewAdded: { author: { email: string } } }
      errors?: object[]
    }
    assert.match(known.data.reviewAdded.author.email, /@/)
    assert.equal(known.errors, undefined)
  })

  it('closes the connection with 4403 when the token of connection_init is bad', async () => {
    const { client } = connect('Bearer nonsense')
    await assert.rejects(
      first(client, 'subscription { reviewAdded { id } }'),
      (closed: { code: number }) => closed.code === 4403,
    )
  })

  it('refuses a document that does not validate', async () => {
    const { client } = connect()
    await assert.rejects(first(client, 'subscription { reviewAdded { nope } }'), (errors: { message: string }[]) => {
      assert.match(errors[0]?.message ?? '', /Cannot query field "nope"/)
      return true
    })
  })

  it('cancels the upstream stream when the client completes', async () => {
    const cancelled = gateway.shop.reviews.calls.cancelled()
    await first(connect().client, 'subscription { reviewAdded { id } }')
    await until(() => gateway.shop.reviews.calls.cancelled() > cancelled)
  })

  it('is told to go away with 1001 when the gateway closes', async () => {
    const other = await startShopGateway({ reviewIntervalMs: 50 })
    const { client, closed } = connect(undefined, other)
    const events = client.iterate({ query: 'subscription { reviewAdded { id } }' })
    await events.next()
    await Promise.all([other.close(), assert.rejects(events.next())])
    assert.equal((await closed).code, 1001)
  })
})

type Closed = { readonly code: number }

const connect = (
  authorization?: string,
  to: ShopGateway = gateway,
): { readonly client: Client; readonly closed: Promise<Closed> } => {
  const { promise: closed, resolve } = Promise.withResolvers<Closed>()
  const client = createClient({
    url: `${to.url.replace('http', 'ws')}/web/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...(authorization === undefined ? {} : { connectionParams: { authorization } }),
    on: { closed: (event) => resolve(event as Closed) },
  })
  return { client, closed }
}

const first = async (client: Client, query: string): Promise<unknown> => {
  for await (const event of client.iterate({ query })) return event
  throw new Error('The subscription ended without an event.')
}

let gateway: ShopGateway
before(async () => {
  gateway = await startShopGateway({ reviewIntervalMs: 50 })
})
after(() => gateway.close())
