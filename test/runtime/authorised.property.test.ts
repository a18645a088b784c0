import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { array, assert as assertAll, asyncProperty, constantFrom, option, record } from 'fast-check'
import { SignJWT } from 'jose'
import { exchangeBytes } from '../routes/proxy/support/gateway.ts'
import { block, endHeaders, endStream, frame, framesIn, settings } from '../services/http2/support/frames.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { startHearing } from '../support/hearing.ts'
import { header, host, read, readHost, runs, seed, spoofed, target, valuesOf } from '../support/hostile.ts'

/**
 * What the gateway let through against what a service received, over raw sockets: paths in every spelling that has
 * fooled a gateway, headers that only a gateway may say, callers of several kinds, guards on overlapping prefixes and
 * on a host.
 */
describe('whatever a client sends', () => {
  for (const by of ['HTTP/1.1', 'HTTP/2', 'a WebSocket handshake'] as const)
    it(`a service is asked for no guarded path by who may not, and hears nobody in the gateway’s voice: by ${by} (PORTICO_SEED=${seed})`, async (t) => {
      const { send, counts } = await gateway(t)
      await assertAll(
        asyncProperty(request, async (asked) => {
          const seen = await send({ ...asked, by })
          assert.ok(seen.length <= 1, 'one request, one call')
          for (const { url, lines } of seen) {
            const path = read(url)
            const based = url.startsWith('/base')
            const [named = ''] = valuesOf(lines, 'x-forwarded-host')
            const right = based ? undefined : rightTo(path, readHost(named))
            assert.ok(right === undefined || right === asked.caller, `${asked.caller} got ${url} at ${named}`)
            if (isRaw(path) && !based && right === undefined) assert.equal(url, asked.target, 'byte by byte')
            assert.deepEqual(spoofed(lines), [])
            assert.deepEqual(valuesOf(lines, 'x-caller'), right === undefined ? [] : [right])
            assert.deepEqual(valuesOf(lines, 'x-forwarded-for'), ['127.0.0.1'])
            assert.deepEqual(valuesOf(lines, 'authorization'), [])
          }
        }),
        runs(150),
      )
      t.diagnostic(JSON.stringify(counts))
      // What nobody refuses, and what nobody lets through, would show nothing.
      assert.ok(Math.min(counts.passed, counts.refused) > 5, JSON.stringify(counts))
    })

  it('is let through to a guarded path where the caller has the right', async (t) => {
    const { send } = await gateway(t)
    for (const by of ['HTTP/1.1', 'HTTP/2', 'a WebSocket handshake'] as const)
      for (const [caller, path, named] of [
        ['staff', '/admin/x', 'shop.example'],
        ['shopper', '/admin/own/x', 'shop.example'],
        ['staff', '/%61dmin//x/../y', 'shop.example'],
        ['staff', '/x', 'ADMIN.example:8080'],
      ] as const) {
        const asked = {
          by,
          caller,
          target: path,
          host: named,
          authority: named,
          headers: [['x-caller', 'spoofed'] as const],
          sound: true,
        }
        const seen = await send(asked)
        assert.deepEqual(
          seen.map(({ lines }) => valuesOf(lines, 'x-caller')),
          [[caller]],
          path,
        )
      }
  })
})

type Caller = 'nobody' | 'staff' | 'shopper'
type Asked = {
  readonly by: 'HTTP/1.1' | 'HTTP/2' | 'a WebSocket handshake'
  readonly caller: Caller
  readonly target: string
  readonly host: string
  /** Of HTTP/2, which has both. */
  readonly authority: string | null
  readonly headers: readonly (readonly [string, string])[]
  /** Whether they are such as HTTP/2 has: in lower case, none of a connection, and no second host. */
  readonly sound: boolean
}

/** Who may have a path, by the reading of a service that takes nothing literally. */
const rightTo = (path: string, named: string): Caller | undefined => {
  if (named === 'admin.example') return 'staff'
  if (/^\/admin\/own(\/|$)/.test(path)) return 'shopper'
  if (/^\/(?:admin|raw\/inner)(\/|$)/.test(path)) return 'staff'
  return undefined
}

const isRaw = (path: string): boolean => /^\/raw(\/|$)/.test(path)

const request = record({
  caller: constantFrom<Caller>('nobody', 'nobody', 'staff', 'shopper'),
  target,
  host,
  authority: option(host),
  headers: array(header, { maxLength: 5 }),
  sound: constantFrom(true, true, true, false),
})

const secrets = { staff: 's'.repeat(32), shopper: 'p'.repeat(32) } as const

const tokenOf = (caller: 'staff' | 'shopper'): Promise<string> =>
  new SignJWT({ iss: `https://${caller}.test`, aud: 'portico', sub: caller, exp: 4_102_444_800 })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secrets[caller]))

/** Guards of two kinds of callers inside of each other and of open routes, canonical and raw, before two services. */
const gateway = async (t: TestContext) => {
  const counts = { passed: 0, refused: 0 }
  const { http1, take } = await startHearing(t, '')
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services:
  open: { rest: "${http1}", identity: { headers: { X-Caller: subject } } }
  based: { rest: "${http1}/base", identity: { headers: { X-Caller: subject } } }
auth:
  staff: { jwt: { issuer: https://staff.test, audience: portico, secret: "${secrets.staff}" } }
  shoppers: { jwt: { issuer: https://shopper.test, audience: portico, secret: "${secrets.shopper}" } }
routes:
  - { path: /*, service: open, websocket: true }
  - { path: /*, service: open, websocket: true, auth: staff, hosts: [admin.example] }
  - { path: /admin/*, service: open, websocket: true, auth: staff }
  - { path: /admin/own/*, service: open, websocket: true, auth: shoppers }
  - { path: /raw/*, service: open, pathMode: raw }
  - { path: /raw/inner/*, service: open, websocket: true, auth: staff }
  - { path: /strip/*, service: based, websocket: true, stripPrefix: true }
`,
  })
  t.after(remove)
  const { url, close } = await startGateway(dir)
  t.after(close)
  const port = Number(new URL(url).port)
  const tokens = { staff: await tokenOf('staff'), shopper: await tokenOf('shopper'), nobody: undefined }
  const send = async (asked: Asked) => {
    const token = tokens[asked.caller]
    const headers = [...(token === undefined ? [] : [['authorization', `Bearer ${token}`] as const]), ...asked.headers]
    await (asked.by === 'HTTP/2' ? byHttp2 : byHttp1)(port, { ...asked, headers })
    const seen = take()
    counts[seen.length > 0 ? 'passed' : 'refused'] += 1
    return seen
  }
  return { send, counts }
}

const shakeHands = [
  'Connection: upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${'A'.repeat(22)}==`,
]

const byHttp1 = async (port: number, { by, target: asked, host: named, headers }: Asked): Promise<void> => {
  const lines = [
    `Host: ${named}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(by === 'HTTP/1.1' ? ['Connection: close'] : shakeHands),
  ]
  await exchangeBytes(port, `GET ${asked} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
}

/** A request of a connection of its own, in bytes that no client library would send. Ends with its answer, or the connection. */
const byHttp2 = async (
  port: number,
  { target: asked, host: named, authority, headers, sound }: Asked,
): Promise<void> => {
  const written = headers.map(([name, value]) => [sound ? name.toLowerCase() : name, value] as const)
  const fields = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', asked],
    ...(authority === null ? [] : [[':authority', authority]]),
    ...(authority === null || !sound ? [['host', named]] : []),
    ...written.filter(([name]) => !sound || name !== 'connection'),
  ] as const
  const socket = connect(port, '127.0.0.1').setNoDelay()
  let bytes = Buffer.alloc(0)
  socket
    .on('error', () => undefined)
    .on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      const { frames } = framesIn(bytes)
      const isOver = frames.some(
        ({ type, flags, id }) =>
          type === 'goaway' ||
          (id === 1 &&
            (type === 'rstStream' || ((type === 'headers' || type === 'data') && (flags & endStream) !== 0))),
      )
      if (isOver) socket.destroy()
    })
  const block1 = block(fields as readonly (readonly [string, string])[])
  socket.write(
    Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      settings(),
      frame('headers', { flags: endHeaders | endStream, id: 1, payload: block1 }),
    ]),
  )
  await once(socket, 'close')
}
