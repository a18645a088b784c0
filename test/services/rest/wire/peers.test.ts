import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { Pool } from 'undici'
import { connect, listen, rawService } from './support/service.ts'

const ok = 'HTTP/1.1 200 OK\r\n'
const answers: readonly string[] = [
  `${ok}content-length: 2\r\n\r\nok`,
  `${ok}Content-Length:2\r\nX-Empty:\r\nX-Many: a\r\nX-Many:   b \t\r\n\r\nok`,
  `${ok}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n1;x="y"\r\nc\r\n0\r\n\r\n`,
  `${ok}Transfer-Encoding: Chunked\r\nTrailer: x-sum\r\n\r\nA\r\n0123456789\r\n000\r\nx-sum: 1\r\n\r\n`,
  `${ok}set-cookie: a=b; Path=/\r\nset-cookie: c=d\r\ncontent-length: 0\r\n\r\n`,
  'HTTP/1.1 201\r\ncontent-length: 1\r\n\r\na',
  'HTTP/1.1 404 Nicht gefunden (\xe4)\r\nx-latin1: \xe9\xff\r\ncontent-length: 1\r\n\r\na',
  'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na',
  'HTTP/1.1 204 No Content\r\nx-a: b\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\netag: "a"\r\n\r\n',
  'HTTP/1.1 599 Whatever\r\ncontent-length: 0\r\n\r\n',
  'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\na',
]
/** These end with their connection. */
const last: readonly string[] = [
  `${ok}\r\nall of it`,
  'HTTP/1.0 200 OK\r\n\r\nall of it',
  `${ok}connection: close\r\ncontent-length: 1\r\n\r\na`,
]

describe('our own client and undici', () => {
  for (const [index, bytes] of [...answers, ...last].entries())
    it(`read the same of valid answer ${index + 1}`, async (t) => {
      const whole = Buffer.from(bytes, 'latin1')
      const { ask, port } = await rawService(t, (socket) => {
        if (index < answers.length) socket.write(whole)
        else socket.end(whole)
      })
      const pool = new Pool(`http://127.0.0.1:${port}`, { allowH2: false })
      t.after(() => pool.destroy())
      const theirs = await pool.request({ method: 'GET', path: '/', responseHeaders: 'raw' })
      const raw = theirs.headers as unknown as readonly (Buffer | string)[]
      const headers = raw.map((part, i) => {
        const text = typeof part === 'string' ? part : part.toString('latin1')
        return i % 2 === 0 ? text.toLowerCase() : text.trim()
      })
      const body = Buffer.from(await theirs.body.arrayBuffer()).toString('latin1')
      assert.deepEqual(await ask(), { status: theirs.statusCode, headers, body })
    })
})

describe('our own client and a real server', () => {
  it('exchange 10,000 requests of all kinds, each answered with its own', async (t) => {
    const server = createServer((request, response) => {
      const [, kind, id] = request.url?.split('/') ?? []
      request.resume().on('end', () => {
        if (kind === 'chunked') {
          response.write(`${id}`)
          response.end('!'.repeat(Number(id) % 300))
        } else if (kind === 'closed') response.setHeader('connection', 'close').end(`${id}`)
        else if (kind === 'large') response.end(`${id}`.padEnd(70_000 + Number(id), '.'))
        else response.end(`${id}`)
      })
    })
    const port = await listen(server)
    t.after(() => server.close())
    const { ask, origin } = connect(t, { origin: `http://127.0.0.1:${port}`, maxConnections: 50 })
    const kinds = ['plain', 'chunked', 'plain', 'large', 'plain', 'closed', 'post', 'plain', 'chunked', 'plain']
    const expected: Readonly<Record<string, (id: number) => string>> = {
      chunked: (id) => id + '!'.repeat(id % 300),
      large: (id) => `${id}`.padEnd(70_000 + id, '.'),
    }
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < 10_000) {
        const id = next++
        const kind = kinds[id % kinds.length] as string
        const post = kind === 'post' ? { method: 'POST', body: 'x'.repeat(id) } : {}
        const { body } = await ask({ path: `/${kind}/${id}`, ...post })
        assert.ok(body === (expected[kind]?.(id) ?? String(id)), `a wrong answer to ${id}`)
      }
    }
    await Promise.all(Array.from({ length: 100 }, worker))
    assert.ok(origin.size <= 50)
  })
})
