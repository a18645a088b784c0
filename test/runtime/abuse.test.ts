import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { startService } from '../routes/proxy/support/gateway.ts'
import { block, endHeaders, endStream, frame, framesIn, settings, uint32 } from '../services/http2/support/frames.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { until } from '../support/until.ts'

const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), settings()])
const pseudo = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/abused'],
  [':authority', 'a.example'],
] as const

/** `x` with 3,000 bytes, kept in the table of HPACK (RFC 7541 §6.2.1), and then each byte names it again. */
const bomb = Buffer.concat([
  block(pseudo),
  Buffer.from([0x40, 1, 0x78, 0x7f, 0xb9, 0x16]),
  Buffer.alloc(3_000, 'a'),
  Buffer.alloc(12_000, 0xbe),
])

type Abuse = { readonly sockets: number; readonly bytes: () => Buffer | string }

const abuses: Readonly<Record<string, Abuse>> = {
  'connections that say nothing': { sockets: 300, bytes: () => '' },
  'headers that never end': { sockets: 300, bytes: () => 'GET /abused HTTP/1.1\r\nhost: a\r\nx-a: b' },
  'bodies that never come': {
    sockets: 300,
    bytes: () =>
      'POST /app/things HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{',
  },
  'bodies for a service that never come': {
    sockets: 300,
    bytes: () => 'POST /abused HTTP/1.1\r\nhost: a\r\ncontent-length: 900\r\n\r\n{',
  },
  'HTTP/2 connections that say nothing': { sockets: 300, bytes: () => preface },
  'requests of HTTP/2 that are reset at once': {
    sockets: 4,
    bytes: () =>
      Buffer.concat([
        preface,
        ...Array.from({ length: 4_000 }, (_each, i) =>
          Buffer.concat([
            frame('headers', { flags: endHeaders | endStream, id: 2 * i + 1, payload: block(pseudo) }),
            frame('rstStream', { id: 2 * i + 1, payload: uint32(constants.NGHTTP2_CANCEL) }),
          ]),
        ),
      ]),
  },
  'CONTINUATION without end': {
    sockets: 4,
    bytes: () =>
      Buffer.concat([
        preface,
        frame('headers', { id: 1, payload: block(pseudo) }),
        ...Array.from({ length: 10_000 }, () => frame('continuation', { id: 1, payload: block([['x-a', 'b']]) })),
      ]),
  },
  'headers of HTTP/2 that are small until they are read': {
    sockets: 4,
    bytes: () => Buffer.concat([preface, frame('headers', { flags: endHeaders | endStream, id: 1, payload: bomb })]),
  },
}

describe('a gateway that is abused', () => {
  for (const [what, { sockets, bytes }] of Object.entries(abuses))
    it(`answers all others meanwhile: ${what}`, async (t) => {
      const { url, open, seen } = await gateway(t)
      const sent = bytes()
      await Promise.all(Array.from({ length: sockets }, () => open(sent)))
      for (let round = 0; round < 10; round += 1) {
        const replies = await Promise.all(
          Array.from({ length: 5 }, () => fetch(`${url}/users`, { signal: AbortSignal.timeout(20_000) })),
        )
        assert.deepEqual(
          replies.map(({ status }) => status),
          [200, 200, 200, 200, 200],
        )
        await Promise.all(replies.map((reply) => reply.text()))
      }
      assert.equal(seen().filter((one) => one === '/users').length, 50)
    })

  it('passes no request on whose headers are too large once they are read', async (t) => {
    const { open, seen } = await gateway(t)
    const { bytes } = abuses['headers of HTTP/2 that are small until they are read'] as Abuse
    const socket = await open(bytes())
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    const refusals = ['data', 'rstStream', 'goaway']
    await until(() => framesIn(Buffer.concat(chunks)).frames.some(({ type }) => refusals.includes(type)))
    assert.deepEqual(seen(), [])
  })
})

/** A gateway over one service, and sockets that send what they like. */
const gateway = async (t: TestContext) => {
  const seen: string[] = []
  const { origin } = await startService(t, (request, response) => {
    seen.push(request.url ?? '')
    request.resume().on('end', () => response.end('{}'))
  })
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
drain: 1s
services: { users: { rest: "${origin}", identity: none } }
bffs: { app: { prefix: /app, schema: app.graphql, operations: ops/*.graphql } }
routes:
  - { path: /users, service: users }
  - { path: /abused, service: users }
`,
    'app.graphql':
      'type Query { ok: Boolean @rest(service: "users", get: "/ok") }\ntype Mutation { add(any: Int): Boolean @rest(service: "users", post: "/things") }\n',
    'ops/add.graphql': 'mutation Add($any: Int) @endpoint(post: "/things") { add(any: $any) }',
  })
  const { gateway: running, url, close } = await startGateway(dir)
  const sockets: Socket[] = []
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await close()
    await remove()
  })
  return {
    url,
    seen: () => seen,
    open: async (bytes: Buffer | string): Promise<Socket> => {
      const socket = connect(running.listen.port, '127.0.0.1').on('error', () => {})
      sockets.push(socket)
      await once(socket, 'connect')
      if (bytes.length > 0) socket.write(bytes)
      return socket
    },
  }
}
