import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http2'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { WireLink } from '../../../../../src/services/grpc/client/wire/link.ts'
import { freePort } from '../../../../support/free-port.ts'

/** So often refused, its own pause is as long as it gets: some 5 s. */
const often = 12

describe('a link that was refused', () => {
  it('is tried by the next call, long before its own pause is over', async (t) => {
    const port = await freePort()
    const { link, later } = linkTo(t, port)
    for (let attempt = 0; attempt < often; attempt += 1) await assert.rejects(link.connect())
    await listening(t, createServer(), port)
    assert.throws(() => link.take(), 'It has just been refused.')
    later(150)
    const connection = await link.take()
    assert.equal(connection.open, true)
    assert.equal(link.failing, false)
    connection.end()
  })

  it('is tried by calls ten times a second at most, however many come', async (t) => {
    let asked = 0
    const server = createTcpServer((socket) => {
      asked += 1
      socket.destroy()
    })
    const { link, later } = linkTo(t, await listening(t, server))
    await assert.rejects(link.connect())
    for (let round = 1; round <= 5; round += 1) {
      later(150)
      const calls = Array.from({ length: 20 }, async () => link.take())
      for (const { status } of await Promise.allSettled(calls)) assert.equal(status, 'rejected')
      assert.throws(() => link.take())
      assert.equal(asked, 1 + round)
    }
  })

  it('keeps no call waiting where nothing was heard of it in time', async (t) => {
    const port = await listening(t, createTcpServer())
    const { link, later } = linkTo(t, port, 300)
    const attempt = assert.rejects(link.connect())
    later(300)
    await attempt
    later(1_000)
    assert.throws(() => link.take())
  })
})

const linkTo = (t: TestContext, port: number, connectMs = 2_000) => {
  let now = 0
  const link = new WireLink(
    { host: '127.0.0.1', port, name: '127.0.0.1' },
    { tls: undefined, connectMs, random: () => 0.5, now: () => now },
  )
  t.after(() => link.close())
  return { link, later: (ms: number) => (now += ms) }
}

const listening = async (t: TestContext, server: Server, port = 0): Promise<number> => {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close())
  return (server.address() as AddressInfo).port
}
