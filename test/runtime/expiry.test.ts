import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { WebSocket } from 'ws'
import { startReviews } from '../../examples/shop/reviews/service.ts'
import { startGateway } from '../support/gateway.ts'
import { issuer, signToken } from '../support/token.ts'
import { temporaryShop } from '../support/workspace.ts'

const method = '/shop.reviews.v1.Reviews/WatchReviews'

it('streams of routes end with the proof of who asked: JSON lines, WebSockets and native gRPC, each told', async (t) => {
  const reviews = await startReviews({ port: 0, intervalMs: 50 })
  const folder = await temporaryShop({
    'portico.yaml': `listen: 127.0.0.1:0
audit: { file: audit.log }
services:
  reviews: { grpc: "${reviews.address}", proto: shop/reviews/v1/reviews.proto, identity: none }
auth:
  users: { jwt: { issuer: "${issuer.issuer}", audience: ${issuer.audience}, secret: "\${TOKEN_SECRET}" } }
routes:
  - { path: /api/*, transcode: reviews, websocket: true, auth: users }
  - { path: /shop.reviews.v1.Reviews/*, service: reviews, auth: users }
`,
  })
  const { gateway, url, close } = await startGateway(folder.dir, { env: { TOKEN_SECRET: issuer.secret } })
  const client = new Client(new URL(url).host, credentials.createInsecure())
  t.after(async () => {
    client.close()
    await close()
    await reviews.close()
    await folder.remove()
  })
  const exp = Math.ceil(Date.now() / 1_000) + 2
  const authorization = `Bearer ${await signToken({ exp })}`

  const lines = fetch(`${url}/api${method}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: '{}',
  }).then(async (reply) => (await reply.text()).trim().split('\n'))
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api${method}`, { headers: { authorization } })
  const closed = once(socket, 'close') as Promise<[number, Buffer]>
  await once(socket, 'open')
  socket.send('{}')
  const metadata = new Metadata()
  metadata.set('authorization', authorization)
  const bytes = (given: Buffer): Buffer => given
  const stream = client.makeServerStreamRequest(method, bytes, bytes, Buffer.alloc(0), metadata)
  stream.resume()
  const [failed] = (await once(stream, 'error')) as [ServiceError]

  assert.deepEqual([failed.code, failed.details], [16, 'The token has expired.'])
  const all = await lines
  assert.ok(all.length > 2)
  assert.match(all.at(-1) ?? '', /"code":"UNAUTHENTICATED"/)
  const [code, reason] = await closed
  assert.deepEqual([code, String(reason)], [4016, 'UNAUTHENTICATED'])
  await gateway.close()
  const told = (await readFile(join(folder.dir, 'audit.log'), 'utf8'))
    .split('\n')
    .filter((line) => line.includes('authentication.failed'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    .map(({ scope, provider, reason: why }) => `${scope as string} ${provider as string} ${why as string}`)
  assert.deepEqual(told.toSorted(), [
    'routes./api/* users expired',
    'routes./api/* users expired',
    'routes./shop.reviews.v1.Reviews/* users expired',
  ])
})
