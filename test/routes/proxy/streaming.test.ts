import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import { ownMs } from '../../support/own-time.ts'
import { startGateway, startService } from './support/gateway.ts'

const size = 50_000_000
/** What sockets and streams of one direction may hold at once: kernel buffers of two connections and our own. */
const inFlight = 16_000_000

describe('a streamed body', () => {
  it('is not read from the service faster than the client reads it', async (t) => {
    let sent = 0
    const chunk = Buffer.alloc(64_000)
    const { origin } = await startService(t, (_, response) => {
      const write = (): void => {
        while (sent < size) {
          sent += chunk.length
          if (!response.write(chunk)) return void response.once('drain', write)
        }
        response.end()
      }
      write()
    })
    const gateway = await startGateway(t, { origin })
    const [response] = (await once(httpRequest(`${gateway.origin}/users`).end(), 'response')) as [IncomingMessage]
    let received = 0
    let most = 0
    for await (const part of response as AsyncIterable<Buffer>) {
      received += part.length
      most = Math.max(most, sent - received)
      if (received < 2_000_000) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    assert.equal(received, sent)
    assert.ok(most < inFlight, `${most} bytes were on their way at once`)
  })

  for (const declared of [true, false])
    it(`arrives byte by byte as it was sent, at a reader that stops and goes on (length ${declared ? 'declared' : 'unknown'})`, async (t) => {
      const sent = randomBytes(8_000_000)
      const { origin } = await startService(t, (_, response) => {
        if (declared) response.setHeader('content-length', sent.length)
        for (let at = 0; at < sent.length; at += 300_000) response.write(sent.subarray(at, at + 300_000))
        response.end()
      })
      const gateway = await startGateway(t, { origin })
      const [response] = (await once(httpRequest(`${gateway.origin}/users`).end(), 'response')) as [IncomingMessage]
      const parts: Buffer[] = []
      for await (const part of response as AsyncIterable<Buffer>) {
        parts.push(part)
        if (parts.length % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      }
      assert.ok(Buffer.concat(parts).equals(sent))
    })

  it('is not read from the client faster than the service reads it', async (t) => {
    let received = 0
    let sent = 0
    let most = 0
    const { origin } = await startService(t, async (request, response) => {
      for await (const part of request as AsyncIterable<Buffer>) {
        received += part.length
        most = Math.max(most, sent - received)
        if (received < 2_000_000) await new Promise((resolve) => setTimeout(resolve, 5))
      }
      response.end(String(received))
    })
    const gateway = await startGateway(t, { origin, route: { maxBodyBytes: size * 2 } })
    const request = httpRequest(`${gateway.origin}/users`, { method: 'POST' })
    const chunk = Buffer.alloc(64_000)
    const answered = once(request, 'response') as Promise<[IncomingMessage]>
    while (sent < size) {
      sent += chunk.length
      if (!request.write(chunk)) await once(request, 'drain')
    }
    request.end()
    const [response] = await answered
    assert.equal(await text(response), String(sent))
    assert.ok(most < inFlight, `${most} bytes were on their way at once`)
  })

  it('lets the service answer before it has read everything', async (t) => {
    const { origin } = await startService(t, (_, response) => response.writeHead(422).end('no'))
    const gateway = await startGateway(t, { origin, route: { maxBodyBytes: 10_000_000 } })
    const request = httpRequest(`${gateway.origin}/users`, { method: 'POST', headers: { 'content-length': 3_000_000 } })
    request.on('error', () => {})
    request.write(Buffer.alloc(500_000))
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    assert.deepEqual([response.statusCode, await text(response)], [422, 'no'])
    request.destroy()
  })

  it('does not run out of time while the client is still sending', async (t) => {
    const arrived = Promise.withResolvers<void>()
    const { origin } = await startService(t, async (request, response) => {
      let length = 0
      for await (const part of request as AsyncIterable<Buffer>) {
        length += part.length
        arrived.resolve()
      }
      response.end(String(length))
    })
    const gateway = await startGateway(t, { origin, route: { timeoutMs: 5_000 } })
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const request = httpRequest(`${gateway.origin}/users`, { method: 'POST' })
    request.write('a')
    await arrived.promise
    t.mock.timers.tick(6_000)
    request.end('b')
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    assert.deepEqual([response.statusCode, await text(response)], [200, '2'])
  })
})

describe('a client that leaves', () => {
  const stages = ['before the answer', 'in the middle of the answer', 'in the middle of its body'] as const
  for (const stage of stages)
    it(`takes the service’s connection with it within 50 ms (${stage})`, async (t) => {
      const arrived = Promise.withResolvers<void>()
      const { origin, sockets } = await startService(t, (request, response) => {
        if (stage === 'in the middle of the answer') response.write('half')
        if (stage === 'in the middle of its body') request.once('data', () => arrived.resolve())
        else arrived.resolve()
      })
      const gateway = await startGateway(t, { origin })
      const request = httpRequest(`${gateway.origin}/users`, { method: 'POST' })
      request.on('error', () => {})
      if (stage === 'in the middle of its body') request.write('half')
      else request.end()
      await arrived.promise
      if (stage === 'in the middle of the answer') await once(request, 'response')
      const [socket] = sockets
      assert.ok(socket)
      const closed = new Promise((resolve) => socket.once('close', resolve))
      request.destroy()
      const ms = await ownMs(closed)
      assert.ok(ms < 50, `It took ${ms} ms.`)
      assert.deepEqual(gateway.logged, [])
    })

  it('gives its place in the queue back', async (t) => {
    const arrived = Promise.withResolvers<() => void>()
    let requests = 0
    const { origin } = await startService(t, (_, response) => {
      requests += 1
      if (requests > 1) response.end('ok')
      else arrived.resolve(() => response.end('ok'))
    })
    const gateway = await startGateway(t, { origin, service: { concurrency: { max: 1, queue: 1 } } })
    const get = () =>
      httpRequest(`${gateway.origin}/users`)
        .on('error', () => {})
        .end()
    const first = once(get(), 'response')
    const release = await arrived.promise
    const leaving = get()
    await once(leaving, 'finish')
    await new Promise((resolve) => setTimeout(resolve, 20))
    leaving.destroy()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const third = once(get(), 'response')
    release()
    assert.equal(((await first) as [IncomingMessage])[0].statusCode, 200)
    assert.equal(((await third) as [IncomingMessage])[0].statusCode, 200)
    assert.equal(requests, 2)
  })
})

const text = async (response: AsyncIterable<Buffer>): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
