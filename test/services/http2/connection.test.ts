import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClientStream } from '../../../src/services/http2/stream.ts'
import { ask, failureOf, outcomeOf, readyClient } from './support/client.ts'
import {
  ack,
  dataFrames,
  endHeaders,
  endStream,
  frame,
  ok,
  type PeerFrame,
  settings,
  uint32,
} from './support/frames.ts'

describe('an HTTP/2 connection of a client', () => {
  it('begins with its settings, and acknowledges those of the server', async () => {
    const { sent, told } = readyClient()
    assert.deepEqual(told, ['ready'])
    const [first, second, third] = await sent()
    assert.equal(first?.type, 'settings')
    // ENABLE_PUSH 0, INITIAL_WINDOW_SIZE, MAX_HEADER_LIST_SIZE.
    assert.equal(first?.payload.toString('hex'), '000200000000000400040000000600010000')
    assert.equal(second?.type, 'windowUpdate')
    assert.deepEqual([third?.type, third?.flags, third?.payload.length], ['settings', ack, 0])
  })

  const open = frame('headers', { flags: endHeaders, id: 1, payload: ok })

  it('passes over frames, settings and flags that it does not know', async () => {
    const { connection, receive } = readyClient()
    const asked = ask(connection)
    receive(
      Buffer.concat([
        frame(0xbe, { flags: 0xff, id: 77, payload: Buffer.alloc(100) }),
        settings([0xbeef, 1]),
        frame('headers', { flags: 0xd2 | endHeaders | endStream, id: 1, payload: ok }),
      ]),
    )
    assert.deepEqual((await asked).head, [':status', '200'])
  })

  it('answers pings, and is told when its own are', async () => {
    const { connection, receive, sent } = readyClient()
    let answered = false
    connection.ping(() => (answered = true))
    receive(frame('ping', { payload: Buffer.from('01234567') }))
    assert.equal(answered, false)
    receive(frame('ping', { flags: ack, payload: Buffer.alloc(8) }))
    assert.equal(answered, true)
    const pings = (await sent()).filter(({ type }) => type === 'ping')
    assert.deepEqual(
      pings.map(({ flags, payload }) => [flags, payload.toString()]),
      [
        [0, '\0'.repeat(8)],
        [ack, '01234567'],
      ],
    )
  })

  it('says of a stream that was refused, or came after the last one, that nothing was done', async () => {
    const { connection, receive, told } = readyClient()
    const first = failureOf(ask(connection))
    const second = ask(connection)
    const third = failureOf(ask(connection))
    receive(frame('rstStream', { id: 1, payload: uint32(7) }))
    receive(frame('goaway', { payload: uint32(3, 0) }))
    assert.match(await first, /^unprocessed: /)
    assert.match(await third, /^unprocessed: /)
    assert.equal(connection.open, false)
    assert.deepEqual(told, ['ready', 'goaway'])
    receive(frame('headers', { flags: endHeaders | endStream, id: 3, payload: ok }))
    assert.deepEqual(await second, { head: [':status', '200'], body: Buffer.alloc(0), trailers: undefined })
  })

  it('does not say so of a stream that was answered', async () => {
    const { connection, receive } = readyClient()
    const asked = failureOf(ask(connection))
    receive(Buffer.concat([open, frame('rstStream', { id: 1, payload: uint32(7) })]))
    assert.match(await asked, /^processed or not: /)
  })

  it('makes no more requests at once than the server takes', async () => {
    const { connection, receive, sent } = readyClient(settings([3, 1]))
    const asked = [ask(connection), ask(connection), ask(connection)]
    const requests = async () => (await sent()).filter(({ type }) => type === 'headers').map(({ id }) => id)
    assert.deepEqual(await requests(), [1])
    receive(frame('headers', { flags: endHeaders | endStream, id: 1, payload: ok }))
    assert.deepEqual(await requests(), [1, 3])
    receive(settings([3, 10]))
    assert.deepEqual(await requests(), [1, 3, 5])
    for (const id of [3, 5]) receive(frame('headers', { flags: endHeaders | endStream, id, payload: ok }))
    assert.equal((await Promise.all(asked)).length, 3)
  })

  it('sends as much of a body as windows and frames allow, and goes on when they grow', async () => {
    const { connection, receive, sent } = readyClient(settings([4, 100]))
    const asked = ask(connection, { body: Buffer.alloc(100_000, 'b') })
    const data = async () => (await sent()).filter(({ type }) => type === 'data')
    const total = async () => (await data()).reduce((sum, { payload }) => sum + payload.length, 0)
    assert.equal(await total(), 100)
    // Below zero: 60 of the 100 were too many.
    receive(settings([4, 40]))
    receive(frame('windowUpdate', { id: 1, payload: uint32(60) }))
    assert.equal(await total(), 100)
    receive(frame('windowUpdate', { id: 1, payload: uint32(1) }))
    assert.equal(await total(), 101)
    receive(frame('windowUpdate', { id: 1, payload: uint32(200_000) }))
    assert.equal(await total(), 65_535)
    receive(frame('windowUpdate', { payload: uint32(200_000) }))
    assert.equal(await total(), 100_000)
    const frames = await data()
    assert.ok(frames.every(({ payload }) => payload.length <= 16_384))
    assert.deepEqual(frames.map(({ flags }) => flags).indexOf(endStream), frames.length - 1)
    receive(frame('headers', { flags: endHeaders | endStream, id: 1, payload: ok }))
    await asked
  })

  it('stops sending where the answer is there before the request', async () => {
    const { connection, receive, sent } = readyClient(settings([4, 10]))
    const asked = ask(connection, { body: Buffer.alloc(100) })
    receive(frame('headers', { flags: endHeaders | endStream, id: 1, payload: ok }))
    await asked
    const last = (await sent()).at(-1)
    assert.deepEqual([last?.type, last?.id, last?.payload.readUInt32BE()], ['rstStream', 1, 8])
  })

  it('continues headers that are longer than a frame', async () => {
    const { connection, sent } = readyClient()
    void failureOf(ask(connection, { fields: ['x-long', 'v'.repeat(40_000)] }))
    const frames = (await sent()).filter(({ id }) => id === 1)
    assert.deepEqual(
      frames.map(({ type, flags }) => [type, flags]),
      [
        ['headers', 0],
        ['continuation', 0],
        ['continuation', endHeaders],
        ['data', endStream],
      ],
    )
  })

  it('lets the server send on as bytes are consumed, not before', async () => {
    const { connection, receive, sent } = readyClient()
    let stream: ClientStream | undefined
    const asked = ask(connection, { slow: true, began: (made) => (stream = made) })
    receive(Buffer.concat([open, ...dataFrames(1, 16)]))
    const grants = async () => (await sent()).filter(({ type, id }: PeerFrame) => type === 'windowUpdate' && id === 1)
    assert.deepEqual(await grants(), [])
    stream?.consumed(262_144)
    assert.deepEqual(
      (await grants()).map(({ payload }) => payload.readUInt32BE()),
      [262_144],
    )
    receive(Buffer.concat(dataFrames(1, 16)))
    receive(frame('data', { id: 1, flags: endStream }))
    assert.equal((await asked).body.length, 524_288)
  })

  it('hears nothing more of a stream it cancelled, and reads the next one right', async () => {
    const { connection, receive, sent } = readyClient()
    let stream: ClientStream | undefined
    let heard = false
    void outcomeOf(ask(connection, { began: (made) => (stream = made) })).then(() => (heard = true))
    const next = ask(connection)
    stream?.cancel()
    const reset = (await sent()).find(({ type }) => type === 'rstStream')
    assert.deepEqual([reset?.id, reset?.payload.readUInt32BE()], [1, 8])
    receive(
      Buffer.concat([
        // The table learns from streams that are over, too.
        frame('headers', {
          flags: endHeaders,
          id: 1,
          payload: Buffer.concat([Buffer.from('88400161', 'hex'), Buffer.from('\x01b')]),
        }),
        frame('data', { id: 1, payload: Buffer.alloc(1_000) }),
        frame('headers', { flags: endHeaders | endStream, id: 3, payload: Buffer.from('88be', 'hex') }),
      ]),
    )
    assert.deepEqual((await next).head, [':status', '200', 'a', 'b'])
    assert.equal(heard, false)
  })

  it('ends by itself where a server asks for more than it reads', async () => {
    const { receive, told } = readyClient(settings(), { blocked: true })
    const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame('ping', { payload: Buffer.alloc(8) })))
    for (let round = 0; round < 100; round += 1) receive(pings)
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(told.at(-1), 'closed: More is asked for than is read.')
  })

  it('ends where a server reads nothing of what it is sent', async () => {
    const { connection, told } = readyClient(settings(), { blocked: true })
    const fields = ['x-long', 'v'.repeat(10_000)]
    const failures: Promise<string>[] = []
    while (connection.open && failures.length < 4_000) failures.push(failureOf(ask(connection, { fields })))
    assert.match((await Promise.all(failures)).at(-1) ?? '', /does not read/)
    assert.deepEqual(told, ['ready', 'closed: The server does not read what it is sent.'])
  })

  it('closes after what waits, unless the server goes away first', async () => {
    for (const goes of [false, true]) {
      const { connection, receive, told } = readyClient(settings([3, 1]))
      const first = ask(connection)
      const second = goes ? failureOf(ask(connection)) : ask(connection)
      connection.close()
      if (goes) receive(frame('goaway', { payload: uint32(1, 0) }))
      receive(frame('headers', { flags: endHeaders | endStream, id: 1, payload: ok }))
      await first
      if (goes) assert.match((await second) as string, /^unprocessed: /)
      else receive(frame('headers', { flags: endHeaders | endStream, id: 3, payload: ok }))
      await second
      await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(told, ['ready', 'closed'])
    }
  })

  it('closes when what is under way has ended', async () => {
    const { connection, receive, told } = readyClient()
    const asked = ask(connection)
    connection.close()
    assert.equal(connection.open, false)
    receive(frame('headers', { flags: endHeaders | endStream, id: 1, payload: ok }))
    await asked
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(told, ['ready', 'closed'])
  })
})
