import assert from 'node:assert/strict'
import { connect as connectHttp2 } from 'node:http2'
import { describe, it, type TestContext } from 'node:test'
import { exchangeBytes, startService } from '../../routes/proxy/support/gateway.ts'
import { layWorkspace, startGateway } from '../../support/gateway.ts'

const taken = [
  'application/json',
  'APPLICATION/JSON',
  'application/json;charset=utf-8',
  'application/json ; charset="utf-8"',
  'application/json\t;charset=utf-8',
  'application/json;',
  'image/png',
]
const refused = [
  'text/json',
  'application/jsonp',
  'application/json\t;a',
  'application/json charset=utf-8',
  'application/json, text/xml',
  'application/json;charset',
  'application/json;a="b;c"',
  'imagepng',
  'image',
  '/json',
  ';application/json',
  '*/*',
]

describe('contentTypes', () => {
  it('passes on bodies of the types that are named, however these are spelt', async (t) => {
    const { send, seen } = await gateway(t)
    for (const type of taken) assert.match(await send(`Content-Type: ${type}\r\n`), /^HTTP\/1\.1 200 /, type)
    assert.equal(seen().length, taken.length)
  })

  it('refuses all others with 415, also what a service might read as one of them', async (t) => {
    const { send, seen } = await gateway(t)
    for (const type of refused) {
      const answer = await send(`Content-Type: ${type}\r\n`)
      assert.match(answer, /^HTTP\/1\.1 415 [^]*\r\naccept: application\/json, image\/\*\r\n/, type)
    }
    assert.match(await send(''), /^HTTP\/1\.1 415 /)
    assert.match(await send('Content-Type: \r\n'), /^HTTP\/1\.1 415 /)
    const twice = 'Content-Type: application/json\r\nContent-Type: text/xml\r\n'
    assert.match(await send(twice), /^HTTP\/1\.1 415 /)
    assert.deepEqual(seen(), [])
  })

  it('refuses bodies of unknown length too, and lets what has none pass', async (t) => {
    const { port, url, seen } = await gateway(t)
    const chunked =
      'POST /users HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'
    assert.match(await exchangeBytes(port, chunked), /^HTTP\/1\.1 415 /)
    assert.equal((await fetch(`${url}/users`)).status, 200)
    assert.equal((await fetch(`${url}/users`, { method: 'POST' })).status, 200)
    assert.equal(seen().length, 2)
  })

  it('holds for HTTP/2, where a body need not tell its length', async (t) => {
    const { url, seen } = await gateway(t)
    const session = connectHttp2(url)
    t.after(() => session.destroy())
    const status = (type: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':path': '/users', ':method': 'POST', 'content-type': type })
        let answered: number | undefined
        stream.on('response', (headers) => {
          answered = headers[':status']
        })
        stream
          .on('close', () => resolve(answered))
          .on('error', reject)
          .resume()
        stream.end('{}')
      })
    assert.deepEqual([await status('text/json'), await status('application/json')], [415, 200])
    assert.equal(seen().length, 1)
  })
})

const gateway = async (t: TestContext) => {
  const urls: string[] = []
  const { origin: service } = await startService(t, (request, response) => {
    urls.push(`${request.method} ${request.url}`)
    request.resume().on('end', () => response.end('{}'))
  })
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services:
  users: { rest: "${service}", identity: none }
routes:
  - { path: /users, service: users, contentTypes: [application/json, image/*] }
`,
  })
  t.after(remove)
  const { gateway: running, url, close } = await startGateway(dir)
  t.after(close)
  const { port } = running.listen
  return {
    port,
    url,
    seen: () => urls,
    send: (headers: string) =>
      exchangeBytes(
        port,
        `POST /users HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}Content-Length: 2\r\n\r\n{}`,
      ),
  }
}
