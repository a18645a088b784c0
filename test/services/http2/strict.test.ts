import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ask, failureOf, offlineClient, readyClient } from './support/client.ts'
import {
  ack,
  block,
  dataFrames,
  endHeaders,
  endStream,
  frame,
  ok,
  padded,
  priority,
  settings,
  uint32,
} from './support/frames.ts'

describe('an HTTP/2 connection of a client, sent what breaks the rules', () => {
  const open = frame('headers', { flags: endHeaders, id: 1, payload: ok })
  const goaways: Readonly<Record<string, readonly [code: number, bytes: Buffer]>> = {
    'a frame that is too long': [6, Buffer.concat([Buffer.from([0, 0x40, 1, 0, 0, 0, 0, 0, 1]), Buffer.alloc(16_385)])],
    'DATA of no stream': [1, frame('data', { payload: Buffer.from('x') })],
    'DATA of a stream that nobody opened': [1, frame('data', { id: 3 })],
    'DATA of a stream of the server': [1, frame('data', { id: 2 })],
    'more padding than DATA': [1, frame('data', { id: 1, flags: padded, payload: Buffer.from([9, 1]) })],
    'padding of a length that is missing': [1, frame('data', { id: 1, flags: padded })],
    'HEADERS of no stream': [1, frame('headers', { flags: endHeaders, payload: ok })],
    'HEADERS of a stream that nobody opened': [1, frame('headers', { flags: endHeaders, id: 5, payload: ok })],
    'HEADERS too short for their priority': [
      6,
      frame('headers', { flags: endHeaders | priority, id: 1, payload: Buffer.alloc(4) }),
    ],
    'more padding than HEADERS': [
      1,
      frame('headers', { flags: endHeaders | padded, id: 1, payload: Buffer.from([9]) }),
    ],
    'a header block that cannot be read': [
      9,
      frame('headers', { flags: endHeaders, id: 1, payload: Buffer.from([0x80]) }),
    ],
    'a header block that breaks off': [
      1,
      Buffer.concat([frame('headers', { id: 1, payload: ok }), frame('ping', { payload: Buffer.alloc(8) })]),
    ],
    'CONTINUATION of nothing': [1, frame('continuation', { flags: endHeaders, id: 1, payload: ok })],
    'CONTINUATION of another stream': [
      1,
      Buffer.concat([frame('headers', { id: 1 }), frame('continuation', { id: 3 })]),
    ],
    'a flood of empty CONTINUATION': [
      11,
      Buffer.concat([
        frame('headers', { id: 1 }),
        ...Array.from({ length: 100 }, () => frame('continuation', { id: 1 })),
      ]),
    ],
    'a flood of CONTINUATION': [
      11,
      Buffer.concat([
        frame('headers', { id: 1 }),
        ...Array.from({ length: 20 }, () => frame('continuation', { id: 1, payload: Buffer.alloc(16_384) })),
      ]),
    ],
    'PRIORITY of no stream': [1, frame('priority', { payload: Buffer.alloc(5) })],
    'PRIORITY of a wrong length': [6, frame('priority', { id: 1, payload: Buffer.alloc(4) })],
    'RST_STREAM of no stream': [1, frame('rstStream', { payload: uint32(8) })],
    'RST_STREAM of a stream that nobody opened': [1, frame('rstStream', { id: 7, payload: uint32(8) })],
    'RST_STREAM of a wrong length': [6, frame('rstStream', { id: 1, payload: Buffer.alloc(3) })],
    'SETTINGS of a stream': [1, frame('settings', { id: 1 })],
    'half a setting': [6, frame('settings', { payload: Buffer.alloc(7) })],
    'an acknowledgement with settings': [6, frame('settings', { flags: ack, payload: Buffer.alloc(6) })],
    'a server that would push': [1, settings([2, 1])],
    'a window that is too large': [3, settings([4, 0x8000_0000])],
    'frames that would be too short': [1, settings([5, 16_383])],
    'frames that would be too long': [1, settings([5, 0x100_0000])],
    PUSH_PROMISE: [1, frame('pushPromise', { flags: endHeaders, id: 1, payload: Buffer.concat([uint32(2), ok]) })],
    'PING of a stream': [1, frame('ping', { id: 1, payload: Buffer.alloc(8) })],
    'PING of a wrong length': [6, frame('ping', { payload: Buffer.alloc(7) })],
    'GOAWAY of a stream': [1, frame('goaway', { id: 1, payload: uint32(1, 0) })],
    'GOAWAY that is too short': [6, frame('goaway', { payload: uint32(1) })],
    'WINDOW_UPDATE of a wrong length': [6, frame('windowUpdate', { payload: Buffer.alloc(3) })],
    'WINDOW_UPDATE by nothing': [1, frame('windowUpdate', { payload: uint32(0) })],
    'WINDOW_UPDATE of a stream that nobody opened': [1, frame('windowUpdate', { id: 9, payload: uint32(1) })],
    'a window that grows too large': [3, frame('windowUpdate', { payload: uint32(0x7fff_ffff) })],
    'a window of a stream that grows too large': [3, frame('windowUpdate', { id: 1, payload: uint32(0x7fff_ffff) })],
    'a window that settings make too large': [
      3,
      Buffer.concat([
        frame('windowUpdate', { id: 1, payload: uint32(0x7fff_0000 - 65_535) }),
        settings([4, 0x7fff_ffff]),
      ]),
    ],
    'more than a stream may be sent': [3, Buffer.concat([open, ...dataFrames(1, 17)])],
  }
  for (const [what, [code, bytes]] of Object.entries(goaways))
    it(`ends with code ${code} at ${what}`, async () => {
      const { connection, receive, sent, told } = readyClient()
      const asked = failureOf(ask(connection, { slow: true }))
      receive(bytes)
      const last = (await sent()).at(-1)
      assert.equal(last?.type, 'goaway')
      assert.equal(last?.payload.readUInt32BE(4), code)
      assert.match(await asked, /^processed or not: /)
      assert.match(told.at(-1) ?? '', /^closed: /)
      assert.equal(connection.open, false)
    })

  const resets: Readonly<Record<string, Buffer>> = {
    'no status': headers([['x', 'y']]),
    'a status of two digits': headers([[':status', '20']]),
    'a status behind another field': headers([
      ['x', 'y'],
      [':status', '200'],
    ]),
    'two statuses': headers([
      [':status', '200'],
      [':status', '200'],
    ]),
    'a pseudo-header field of requests': headers([
      [':status', '200'],
      [':path', '/'],
    ]),
    'a field of the connection': headers([
      [':status', '200'],
      ['transfer-encoding', 'chunked'],
    ]),
    'a capital in a name': headers([
      [':status', '200'],
      ['Name', 'x'],
    ]),
    'a line break in a value': headers([
      [':status', '200'],
      ['name', 'a\r\nb'],
    ]),
    'an interim answer and no other': headers([[':status', '103']], endStream),
    'DATA before a head': frame('data', { id: 1, payload: Buffer.from('x') }),
    'a second head that ends nothing': Buffer.concat([open, headers([['x', 'y']])]),
    'trailers with a status of HTTP': Buffer.concat([open, headers([[':status', '200']], endStream)]),
    'less than was announced': Buffer.concat([
      headers([
        [':status', '200'],
        ['content-length', '5'],
      ]),
      frame('data', { id: 1, flags: endStream, payload: Buffer.from('four') }),
    ]),
    'a length that is no number': Buffer.concat([
      headers([
        [':status', '200'],
        ['content-length', '-4'],
      ]),
      frame('data', { id: 1, flags: endStream, payload: Buffer.from('four') }),
    ]),
    'headers that are too long': headers([
      [':status', '200'],
      ...Array.from({ length: 70 }, (_, index): [string, string] => [`x-${index}`, 'v'.repeat(1_000)]),
    ]),
  }
  for (const [what, bytes] of Object.entries(resets))
    it(`gives up a stream at ${what}, and goes on`, async () => {
      const { connection, receive, sent } = readyClient()
      const asked = failureOf(ask(connection))
      receive(bytes)
      assert.match(await asked, /^processed or not: /)
      const reset = (await sent()).find(({ type }) => type === 'rstStream')
      assert.deepEqual([reset?.id, reset?.payload.readUInt32BE()], [1, 1])
      const next = ask(connection)
      receive(frame('headers', { flags: endHeaders | endStream, id: 3, payload: ok }))
      assert.deepEqual((await next).head, [':status', '200'])
    })

  it('refuses what does not begin with settings', async () => {
    for (const bytes of [frame('ping', { payload: Buffer.alloc(8) }), frame('settings', { flags: ack })]) {
      const { receive, told } = offlineClient()
      receive(bytes)
      await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(told, ['closed: What answers does not begin as HTTP/2.'])
    }
  })
})

function headers(fields: Parameters<typeof block>[0], flags = 0): Buffer {
  const payload = block(fields)
  const pieces = Array.from({ length: Math.ceil(payload.length / 16_384) }, (_, index) =>
    payload.subarray(index * 16_384, (index + 1) * 16_384),
  )
  return Buffer.concat(
    pieces.map((piece, index) =>
      frame(index === 0 ? 'headers' : 'continuation', {
        flags: (index === 0 ? flags : 0) | (index === pieces.length - 1 ? endHeaders : 0),
        id: 1,
        payload: piece,
      }),
    ),
  )
}
