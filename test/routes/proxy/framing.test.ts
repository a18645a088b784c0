import assert from 'node:assert/strict'
import { createServer as createSocketServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { exchangeBytes, listen, startGateway, startService } from './support/gateway.ts'

/** What would be a second request where a body's end is read differently. */
const smuggled = 'GET /users/smuggled HTTP/1.1\r\nHost: a\r\n\r\n'

describe('the framing of proxied messages', () => {
  const refused: Readonly<Record<string, string>> = {
    'Content-Length with Transfer-Encoding': `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'two different lengths': `Content-Length: 0\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    'two equal lengths': 'Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc',
    'chunked before identity': `Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`,
    'a coding nobody knows': `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'a length that is no number': 'Content-Length: +3\r\n\r\nabc',
    'a space before the colon': 'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
    'a chunk size that is none': 'Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n',
    'a bare CR in a value': 'X-A: b\rX-C: d\r\n\r\n',
    'a NUL in a value': 'X-A: b\u0000\r\n\r\n',
  }
  for (const [what, rest] of Object.entries(refused))
    it(`refuses ${what} and closes, so that no second request arrives`, async (t) => {
      const { port, seen } = await gateway(t)
      const answer = await exchangeBytes(port, `POST /users/first HTTP/1.1\r\nHost: a\r\n${rest}`)
      assert.match(answer, /^HTTP\/1\.1 (400|502) /)
      assert.ok(!seen().some((bytes) => bytes.includes('smuggled')))
    })

  it('sends a folded header on as one line, or refuses it', async (t) => {
    const { port, seen } = await gateway(t)
    const answer = await exchangeBytes(
      port,
      'GET /users HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c: d\r\nConnection: close\r\n\r\n',
    )
    if (answer.startsWith('HTTP/1.1 200')) assert.ok(seen().some((bytes) => /x-a: b\s+c: d\r\n/i.test(bytes)))
    else assert.match(answer, /^HTTP\/1\.1 400 /)
  })

  it('frames a chunked body anew, for GET too, and reads the next request where it ends', async (t) => {
    const { port, seen } = await gateway(t)
    const chunked = 'Transfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n'
    const answer = await exchangeBytes(
      port,
      `GET /users/1 HTTP/1.1\r\nHost: a\r\n${chunked}POST /users/2 HTTP/1.1\r\nHost: a\r\n${chunked}`,
      'GET /users/3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    )
    assert.equal(answer.match(/HTTP\/1\.1 200/g)?.length, 3)
    const all = seen().join('')
    assert.deepEqual(all.match(/(GET|POST) \/users\/\d/g), ['GET /users/1', 'POST /users/2', 'GET /users/3'])
    assert.doesNotMatch(all, /ext=1|trailer/i)
  })

  it('never sends on what Connection names, and always what it adds itself', async (t) => {
    const { port, seen } = await gateway(t)
    const named = 'Connection: close, X-Forwarded-For, Authorization\r\nConnection: X-Thing,VIA\r\n'
    const spoofed =
      'Authorization: Bearer x\r\nX-Thing: 1\r\nX_Auth_User: root\r\nX-User-Id: 1\r\nx-forwarded-for: 6.6.6.6\r\n'
    await exchangeBytes(port, `GET /users HTTP/1.1\r\nHost: a\r\n${named}${spoofed}\r\n`)
    const head = seen().join('').toLowerCase()
    assert.match(head, /\r\nx-forwarded-for: 127\.0\.0\.1\r\n/)
    assert.match(head, /\r\nvia: 1\.1 portico\r\n/)
    assert.doesNotMatch(head, /authorization|x-thing|x_auth|x-user|6\.6\.6\.6/)
  })

  it('refuses a target that is no path', async (t) => {
    const { port, seen } = await gateway(t)
    for (const target of ['http://other.example/users', '//other.example/users', '/users#x', '*'])
      assert.match(
        await exchangeBytes(port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`),
        /^HTTP\/1\.1 40[04] /,
        target,
      )
    assert.deepEqual(seen(), [])
  })

  const truncated: Readonly<Record<string, string>> = {
    'a declared length': 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf',
    chunks: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
  }
  for (const [framing, bytes] of Object.entries(truncated))
    it(`breaks an answer off where the service breaks it off (${framing})`, async (t) => {
      const server = createSocketServer((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => socket.write(bytes, () => setTimeout(() => socket.destroy(), 20)))
      })
      t.after(() => server.close())
      const { port } = await startGateway(t, { origin: await listen(server) })
      const answer = await exchangeBytes(port, 'GET /users HTTP/1.1\r\nHost: a\r\n\r\n')
      assert.match(answer, /^HTTP\/1\.1 200 OK/)
      assert.match(answer, /half/)
      assert.doesNotMatch(answer, /\r\n0\r\n\r\n$/)
    })

  it('passes no interim answer but 100 on, and the final one after it', async (t) => {
    const { origin } = await startService(t, (_, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      response.end('done')
    })
    const { port } = await startGateway(t, { origin })
    const answer = await exchangeBytes(port, 'GET /users HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    assert.match(answer, /^HTTP\/1\.1 200 OK/)
    assert.match(answer, /done/)
  })

  it('passes trailers on to a client that takes them, but what must not stand there', async (t) => {
    const { origin } = await startService(t, (_, response) => {
      response.writeHead(200, { trailer: 'x-sum' }).write('body')
      response.addTrailers({ 'x-sum': 'abc', 'set-cookie': 'a=b', 'content-length': '1' })
      response.end()
    })
    const { port } = await startGateway(t, { origin })
    const ask = (lines: string): Promise<string> =>
      exchangeBytes(port, `GET /users HTTP/1.1\r\nHost: a\r\n${lines}Connection: close\r\n\r\n`)
    assert.match(await ask('TE: trailers\r\n'), /\r\n0\r\nx-sum: abc\r\n\r\n$/i)
    assert.match(await ask(''), /\r\n0\r\n\r\n$/)
  })

  it('answers HTTP/1.0 without chunks', async (t) => {
    const { origin } = await startService(t, (_, response) => void response.write('a', () => response.end('b')))
    const { port } = await startGateway(t, { origin })
    const answer = await exchangeBytes(port, 'GET /users HTTP/1.0\r\nHost: a\r\n\r\n')
    assert.match(answer, /\r\n\r\nab$/)
    assert.doesNotMatch(answer, /transfer-encoding/i)
  })
})

/** A gateway before a service that answers every request with 200, and the heads of the requests it saw. */
const gateway = async (t: TestContext) => {
  const heads: string[] = []
  const { origin } = await startService(t, (request, response) => {
    const lines = request.rawHeaders.map((part, i) => (i % 2 === 0 ? `${part}: ` : `${part}\r\n`))
    heads.push(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('')}\r\n`)
    request.resume().on('end', () => response.end('ok'))
  })
  const { port } = await startGateway(t, { origin })
  return { port, seen: () => heads }
}
