import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import { signToken } from '../../support/token.ts'
import { until } from '../../support/until.ts'
import { startFeed } from './feed.ts'

describe('the audit log, of WebSockets', () => {
  it('has nobody who opens one first and says who it is then', async (t) => {
    const { init, told } = await audited(t)
    const { socket, heard } = await init({ staff: true })
    await until(() => heard.includes('connection_ack'))
    socket.send('{"type":"subscribe","id":"1","payload":{"query":"subscription { added { id } }"}}')
    await until(() => heard.includes('next'))
    assert.deepEqual(await told(), [])
  })

  it('has who shows nothing, something wrong, or too little', async (t) => {
    const { init, told } = await audited(t)
    assert.equal(await (await init(undefined)).closed, 4403)
    assert.equal(await (await init({ staff: true, exp: 1 })).closed, 4403)
    assert.equal(await (await init({ sub: 'ada' })).closed, 4403)
    const scope = 'bffs.app'
    assert.deepEqual(await told(), [
      { event: 'authentication.failed', scope, provider: 'users', reason: 'missing' },
      { event: 'authentication.failed', scope, provider: 'users', reason: 'expired' },
      {
        event: 'access.denied',
        scope,
        provider: 'users',
        reason: 'claims',
        subject: 'ada',
        needed: { claims: { staff: [true] } },
      },
    ])
  })

  it('has the denial of a subscription, and of a field once, however many events come', async (t) => {
    const { init, told } = await audited(t)
    const { socket, heard } = await init({ staff: true, sub: 'ada' })
    await until(() => heard.includes('connection_ack'))
    socket.send('{"type":"subscribe","id":"1","payload":{"query":"subscription { audited { id } }"}}')
    await until(() => heard.includes('error'))
    socket.send('{"type":"subscribe","id":"2","payload":{"query":"subscription { added { body } }"}}')
    await until(() => heard.filter((type) => type === 'next').length >= 3)
    assert.deepEqual(
      (await told()).map(({ event, coordinate, subject, needed }) => ({ event, coordinate, subject, needed })),
      [
        {
          event: 'access.denied',
          coordinate: 'Subscription.audited',
          subject: 'ada',
          needed: { roles: [['auditor']] },
        },
        { event: 'access.denied', coordinate: 'Review.body', subject: 'ada', needed: { scopes: [['shop']] } },
      ],
    )
  })

  it('has who stayed longer than its token', async (t) => {
    const { init, told } = await audited(t)
    const exp = Math.ceil(Date.now() / 1_000) + 2
    assert.equal(await (await init({ staff: true, exp })).closed, 4403)
    assert.deepEqual(await told(), [
      { event: 'authentication.failed', scope: 'bffs.app', provider: 'users', reason: 'expired' },
    ])
  })
})

type Line = Readonly<Record<string, unknown>>

type Client = {
  readonly socket: WebSocket
  /** The types of all messages so far. */
  readonly heard: readonly string[]
  readonly closed: Promise<number>
}

const audited = async (t: TestContext) => {
  const feed = await startFeed({
    auth: '{ provider: users, require: { claims: { staff: true } } }',
    workspace: ['audit: { file: audit.log }'],
    files: {
      'feed.graphql': `
type Query { nothing: Review @grpc(service: "reviews", method: "shop.reviews.v1.Reviews/CreateReview") }
type Subscription {
  added: Review! @grpc(service: "reviews", method: "shop.reviews.v1.Reviews/WatchReviews")
  audited: Review! @grpc(service: "reviews", method: "shop.reviews.v1.Reviews/WatchReviews") @auth(roles: ["auditor"])
}
type Review { id: ID! body: String @auth(scopes: [["shop"]]) }
`,
    },
  })
  const sockets: WebSocket[] = []
  t.after(() => feed.close())
  return {
    init: async (claims: Line | undefined): Promise<Client> => {
      const socket = new WebSocket(feed.socket, 'graphql-transport-ws')
      sockets.push(socket)
      const heard: string[] = []
      socket.on('message', (data) => heard.push((JSON.parse((data as Buffer).toString()) as { type: string }).type))
      const closed = new Promise<number>((resolve) => socket.once('close', resolve))
      await once(socket, 'open')
      const payload = claims === undefined ? {} : { authorization: `Bearer ${await signToken(claims)}` }
      socket.send(JSON.stringify({ type: 'connection_init', payload }))
      return { socket, heard, closed }
    },
    /** What the log has once the gateway is closed, without what differs each time. */
    told: async (): Promise<readonly Line[]> => {
      for (const socket of sockets) socket.terminate()
      await feed.gateway.close()
      const lines = (await readFile(join(feed.dir, 'audit.log'), 'utf8')).trimEnd().split('\n')
      return lines
        .map((line) => JSON.parse(line) as Line)
        .filter(({ event }) => !String(event).startsWith('gateway.'))
        .map(({ v: _v, time: _time, pid: _pid, address: _address, requestId: _id, ...rest }) => rest)
    },
  }
}
