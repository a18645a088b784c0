import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { layWorkspace, startGateway } from '../../support/gateway.ts'
import { missing } from '../../support/programs.ts'
import { startHaproxy, startNginx } from '../../support/reference-proxies.ts'
import { exchangeBytes, startService } from './support/gateway.ts'

const guide = 'docs/guides/framing.md'

/** What would be a second request where a body's end is read differently. */
const second = 'GET /users/second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
const post = 'POST /users/first HTTP/1.1\r\nHost: a\r\n'
const chunks = '3\r\nabc\r\n0\r\n\r\n'
const lineEnds = 'Connection: close\r\n\r\n'

/** Requests that two readers may frame or address differently, by what is odd about them. */
const corpus: Readonly<Record<string, string>> = {
  'Content-Length and Transfer-Encoding': `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
  'two different lengths': `${post}Content-Length: 0\r\nContent-Length: ${second.length}\r\n\r\n${second}`,
  'two equal lengths': `${post}Content-Length: 3\r\nContent-Length: 3\r\n${lineEnds}abc`,
  'a list of equal lengths': `${post}Content-Length: 3, 3\r\n${lineEnds}abc`,
  'a length with a sign': `${post}Content-Length: +3\r\n${lineEnds}abc`,
  'a length in hexadecimal': `${post}Content-Length: 0x3\r\n${lineEnds}abc`,
  'chunked, then identity': `${post}Transfer-Encoding: chunked, identity\r\n\r\n${chunks}${second}`,
  'a coding nobody knows': `${post}Transfer-Encoding: xchunked\r\n\r\n${chunks}${second}`,
  'chunked twice': `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n${lineEnds}${chunks}`,
  'a tab behind chunked': `${post}Transfer-Encoding: chunked\t\r\n${lineEnds}${chunks}`,
  'a comma behind chunked': `${post}Transfer-Encoding: chunked,\r\n${lineEnds}${chunks}`,
  'chunked in HTTP/1.0': `POST /users/first HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
  'a space before the colon': `${post}Transfer-Encoding : chunked\r\n\r\n${chunks}${second}`,
  'a folded Transfer-Encoding': `${post}Transfer-Encoding:\r\n chunked\r\n${lineEnds}${chunks}`,
  'a folded header': `${post}X-A: b\r\n c: d\r\nContent-Length: 0\r\n${lineEnds}`,
  'a header line without a colon': `${post}X-A\r\nContent-Length: 0\r\n${lineEnds}`,
  'a bare CR in a value': `${post}X-A: b\rX-C: d\r\nContent-Length: 0\r\n${lineEnds}`,
  'a NUL in a value': `${post}X-A: b\0c\r\nContent-Length: 0\r\n${lineEnds}`,
  'lines that end in LF alone': `POST /users/first HTTP/1.1\nHost: a\nContent-Length: 0\nConnection: close\n\n`,
  'a chunk size with 0x': `${post}Transfer-Encoding: chunked\r\n${lineEnds}0x3\r\nabc\r\n0\r\n\r\n`,
  'a chunk size of 17 digits': `${post}Transfer-Encoding: chunked\r\n${lineEnds}10000000000000003\r\nabc\r\n0\r\n\r\n`,
  'a chunk extension that ends in LF alone': `${post}Transfer-Encoding: chunked\r\n${lineEnds}3;a\nabc\r\n0\r\n\r\n`,
  'a chunk that is longer than it says': `${post}Transfer-Encoding: chunked\r\n${lineEnds}2\r\nabc\r\n0\r\n\r\n`,
  'GET with a chunked body': `GET /users/first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n${lineEnds}${chunks}`,
  'DELETE with a chunked body': `DELETE /users/first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n${lineEnds}${chunks}`,
  'OPTIONS with a length': `OPTIONS /users/first HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n${lineEnds}abc`,
  'two Hosts': `GET /users/first HTTP/1.1\r\nHost: a\r\nHost: b\r\n${lineEnds}`,
  'no Host': `GET /users/first HTTP/1.1\r\n${lineEnds}`,
  'an absolute target': `GET http://other.test/users/first HTTP/1.1\r\nHost: a\r\n${lineEnds}`,
  'a fragment': `GET /users/first#x HTTP/1.1\r\nHost: a\r\n${lineEnds}`,
  'a control character in the target': `GET /users/first\x01 HTTP/1.1\r\nHost: a\r\n${lineEnds}`,
  'HTTP/1.2': `GET /users/first HTTP/1.2\r\nHost: a\r\n${lineEnds}`,
  'a method that is none': `G\xcbT /users/first HTTP/1.1\r\nHost: a\r\n${lineEnds}`,
}

type Peer = { readonly port: number; readonly seen: string[] }

describe(`requests that are framed oddly, by the table of ${guide}`, {
  skip: missing('nginx') || missing('haproxy'),
}, () => {
  const names = ['Portico', 'nginx', 'HAProxy']
  const documented = new Map(
    readFileSync(guide, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| ') && !line.startsWith('| a request with'))
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map(([, name = '', ...cells]) => [name, cells.slice(0, names.length)]),
  )

  it('are all in it', () => assert.deepEqual([...documented.keys()], Object.keys(corpus)))

  for (const [name, bytes] of Object.entries(corpus))
    it(name, async () => {
      const all = await Promise.all(peers.map((peer) => outcome(peer, bytes)))
      assert.deepEqual(all, documented.get(name))
      assert.ok(!peers[0]?.seen.includes('GET /users/second'))
    })

  let peers: readonly Peer[] = []
  const ends: (() => Promise<void>)[] = []
  const test = { after: (end: () => Promise<void>) => void ends.unshift(end) }
  before(async () => {
    const services = await Promise.all(names.map(() => recorder(test)))
    const [ours, nginx, haproxy] = services as [Recorder, Recorder, Recorder]
    const workspace = await layWorkspace({
      'portico.yaml': `listen: 127.0.0.1:0
services:
  users: { rest: "${ours.origin}", identity: none }
routes:
  - { path: /users/*, service: users }
`,
    })
    const gateway = await startGateway(workspace.dir)
    test.after(workspace.remove)
    test.after(gateway.close)
    peers = [
      { port: Number(new URL(gateway.url).port), seen: ours.seen },
      { port: (await startNginx(test, { servicePort: nginx.port })).port, seen: nginx.seen },
      { port: (await startHaproxy(test, { servicePort: haproxy.port })).port, seen: haproxy.seen },
    ]
  })
  after(async () => {
    for (const end of ends) await end()
  })
})

/** The status that a client gets, and what its service was asked for. */
const outcome = async ({ port, seen }: Peer, bytes: string): Promise<string> => {
  seen.length = 0
  const answer = await exchangeBytes(port, bytes)
  const status = /^HTTP\/1\.\d (\d{3})/.exec(answer)?.[1] ?? 'closed'
  const asked = seen.map((line) => line.split('/').at(-1)).join(' and ')
  return asked === '' ? status : status === '200' ? `passes on ${asked}` : `${status}, and passes on ${asked}`
}

type Recorder = { readonly origin: string; readonly port: number; readonly seen: string[] }

/** A service that answers everything with 200, and tells methods and targets of what it was asked. */
const recorder = async (test: { after: (end: () => Promise<void>) => void }): Promise<Recorder> => {
  const seen: string[] = []
  const { origin } = await startService(test as never, (request, response) => {
    // One whose body broke off is nothing that a service may act on.
    request.resume().on('error', () => undefined)
    request.once('end', () => {
      seen.push(`${request.method} ${request.url}`)
      response.end('ok')
    })
  })
  return { origin, port: Number(new URL(origin).port), seen }
}
