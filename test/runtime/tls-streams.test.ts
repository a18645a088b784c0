import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:http2'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Client, credentials, status } from '@grpc/grpc-js'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { type Feed, startFeed } from '../bff/graphql/feed.ts'
import { makeCertificates, readCertificates } from '../support/certificates.ts'
import { until } from '../support/until.ts'

const { ca, otherCa, key, certificate } = readCertificates(makeCertificates())
/** What clients trust, and the name that the certificate is for. */
const trust = { ca, servername: 'localhost' }

describe('over TLS', () => {
  it('subscriptions come by a WebSocket of the stock client', async () => {
    class Trusting extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, trust)
      }
    }
    const client = createClient({ url: secure('ws').href, webSocketImpl: Trusting, retryAttempts: 0 })
    let events = 0
    for await (const { data, errors } of client.iterate({ query: 'subscription { added { id rating } }' })) {
      assert.equal(errors, undefined)
      assert.ok(data?.['added'])
      if ((events += 1) === 3) break
    }
    await client.dispose()
  })

  it('subscriptions come as events over HTTP/2, one by one, and end upstream when the client leaves', async () => {
    const cancelled = feed.reviews.calls.cancelled()
    const session = connect(secure('http').origin, trust)
    assert.deepEqual((await once(session, 'connect'))[0], session)
    assert.equal(session.alpnProtocol, 'h2')
    const query = encodeURIComponent('subscription { added { id } }')
    const stream = session.request({ ':path': `/app/graphql?query=${query}`, accept: 'text/event-stream' })
    let text = ''
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    await until(() => text.split('event: next\n').length > 3)
    assert.match(text, /^event: next\ndata: \{"data":\{"added":\{"id":/)
    stream.close(8)
    await until(() => feed.reviews.calls.cancelled() > cancelled)
    session.destroy()
  })

  it('native calls of grpc-js agree on HTTP/2 and pass through, unary and streams', async () => {
    const client = stock(secure('http').host)
    const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
      client.makeUnaryRequest('/shop.reviews.v1.Reviews/ListReviews', same, same, Buffer.alloc(0), (error, message) =>
        error === null ? resolve(message) : reject(error),
      )
    })
    assert.ok(answer !== undefined)
    const watch = client.makeServerStreamRequest(watchReviews, same, same, Buffer.alloc(0))
    watch.on('error', () => undefined)
    for (let messages = 0; messages < 3; messages += 1)
      assert.ok(((await once(watch, 'data')) as [Buffer])[0].length > 0)
    watch.cancel()
    client.close()
  })

  it('all of them end as soon as other certificates of clients are believed, long before a drain is over', async () => {
    const other = await startTlsFeed({ clients: ', clients: { ca: ca.pem }', drain: '10m' })
    try {
      const url = new URL(other.endpoint.replace('http:', 'https:'))
      const socket = new WebSocket(url.href.replace('https:', 'wss:'), 'graphql-transport-ws', trust)
      await once(socket, 'open')
      const closed = once(socket, 'close')
      const session = connect(url.origin, trust)
      const query = encodeURIComponent('subscription { added { id } }')
      const events = session.request({ ':path': `/app/graphql?query=${query}`, accept: 'text/event-stream' })
      await once(events, 'data')
      const ended = once(events.resume(), 'end')
      const client = stock(url.host)
      const watch = client.makeServerStreamRequest(watchReviews, same, same, Buffer.alloc(0))
      await once(watch, 'data')
      const failed = once(watch.resume(), 'error')
      await writeFile(join(other.gateway.plan().dir, 'ca.pem'), otherCa)
      assert.ok((await other.gateway.reload()).ok)
      assert.equal((await closed)[0], 1001)
      assert.equal(((await failed)[0] as { readonly code: number }).code, status.UNAVAILABLE)
      await ended
      client.close()
      session.destroy()
    } finally {
      await other.close()
    }
  })

  let feed: Feed
  const secure = (scheme: 'http' | 'ws'): URL => new URL(feed.endpoint.replace('http:', `${scheme}s:`))
  before(async () => {
    feed = await startTlsFeed()
  })
  after(() => feed.close())
})

const watchReviews = '/shop.reviews.v1.Reviews/WatchReviews'
const same = (bytes: Buffer): Buffer => bytes

/** A client of grpc-js with a connection of its own. */
const stock = (host: string): Client =>
  new Client(host, credentials.createSsl(Buffer.from(ca)), {
    'grpc.ssl_target_name_override': 'localhost',
    'grpc.use_local_subchannel_pool': 1,
  })

const startTlsFeed = ({ clients = '', drain = '5s' } = {}): Promise<Feed> =>
  startFeed({
    drain,
    workspace: [
      `tls: { cert: cert.pem, key: key.pem${clients} }`,
      'routes: [{ path: /shop.reviews.v1.Reviews/*, service: reviews }]',
    ],
    files: { 'cert.pem': certificate, 'key.pem': key, 'ca.pem': ca },
  })
