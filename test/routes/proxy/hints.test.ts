import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp2Server, connect as http2Connect, type ServerHttp2Session } from 'node:http2'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { layWorkspace, startGateway, type TestGateway } from '../../support/gateway.ts'

describe('Early Hints of a service', () => {
  it('reach a client of HTTP/1.1 before the answer, their links and nothing else', async () => {
    says = [
      '103 Early Hints\r\nLink: </a.css>; rel=preload; as=style\r\nSet-Cookie: a=b\r\nX-Auth-User: root',
      '103 Early Hints\r\nLink: <https://cdn.example/b,c.js>; rel="preload", </d>;rel=preconnect\r\nLink: </e>; rel=next',
      answer,
    ]
    assert.deepEqual(headsOf(await ask('/hinting/x')), [
      'HTTP/1.1 103 Early Hints | Link: </a.css>; rel=preload; as=style',
      'HTTP/1.1 103 Early Hints | Link: <https://cdn.example/b,c.js>; rel="preload", </d>;rel=preconnect, </e>; rel=next',
      'HTTP/1.1 200 OK',
    ])
  })

  it('reach nobody where the route does not say so, nor who speaks HTTP/1.0', async () => {
    says = ['103 Early Hints\r\nLink: </a.css>; rel=preload', answer]
    assert.deepEqual(headsOf(await ask('/quiet/x')), ['HTTP/1.1 200 OK'])
    assert.deepEqual(headsOf(await ask('/hinting/x', '1.0')), ['HTTP/1.1 200 OK'])
  })

  it('are left out as far as they are no links, and whole where nothing is left', async () => {
    says = ['103 Early Hints\r\nLink: a.css, <a b>, </c>; rel="x y", </d>; rel=preload', answer]
    assert.deepEqual(headsOf(await ask('/hinting/x')), [
      'HTTP/1.1 103 Early Hints | Link: </d>; rel=preload',
      'HTTP/1.1 200 OK',
    ])
    says = ['103 Early Hints\r\nLink: <\r\nX-A: b', '102 Processing\r\nLink: </a>; rel=preload', answer]
    assert.deepEqual(headsOf(await ask('/hinting/x')), ['HTTP/1.1 200 OK'])
  })

  it('are masked where the answers of the route are', async () => {
    says = ['103 Early Hints\r\nLink: </a?by=ada@shop.test>; rel=preload, </b>; rel=preload', '204 No Content']
    assert.deepEqual(headsOf(await ask('/masked/x')), [
      'HTTP/1.1 103 Early Hints | Link: </a?by=someone>; rel=preload, </b>; rel=preload',
      'HTTP/1.1 204 No Content',
    ])
  })

  it('go through HTTP/2 on either side', async () => {
    says = ['103 Early Hints\r\nLink: </a.css>; rel=preload', answer]
    const session = http2Connect(gateway.url)
    for (const path of ['/hinting/x', '/hinting2/x']) {
      const stream = session.request({ ':path': path })
      const hints = await once(stream, 'headers')
      assert.deepEqual([hints[0][':status'], hints[0]['link']], [103, '</a.css>; rel=preload'], path)
      const [head] = await once(stream, 'response')
      assert.equal(head[':status'], 200)
      await stream.resume().toArray()
    }
    session.close()
    assert.equal(headsOf(await ask('/hinting2/x'))[0], 'HTTP/1.1 103 Early Hints | Link: </a.css>; rel=preload')
  })

  it('that are followed by a failure are followed by what stands in for it', async () => {
    says = ['103 Early Hints\r\nLink: </a.css>; rel=preload', '503 No\r\nContent-Length: 0']
    assert.deepEqual(headsOf(await ask('/standing/x')), [
      'HTTP/1.1 103 Early Hints | Link: </a.css>; rel=preload',
      'HTTP/1.1 203 Non-Authoritative Information',
    ])
  })
})

const answer = '200 OK\r\nContent-Length: 2\r\n\r\nok'
/** The heads of one answer, interim ones first. */
let says: readonly string[]
let gateway: TestGateway
let removeWorkspace: () => Promise<void>

/** The status line of each head, with its Link. */
const headsOf = (text: string): readonly string[] =>
  text
    .split('\r\n\r\n')
    .filter((head) => head.startsWith('HTTP/'))
    .map((head) => {
      const [status, ...lines] = head.split('\r\n')
      assert.ok(!head.includes(' 103 ') || lines.length === 1, head)
      return [status, ...lines.filter((line) => line.startsWith('Link:'))].join(' | ')
    })

const ask = async (path: string, version = '1.1'): Promise<string> => {
  const socket = connect(gateway.gateway.listen.port, '127.0.0.1')
  socket.write(`GET ${path} HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`)
  return (await socket.setEncoding('latin1').toArray()).join('')
}

const service = createServer((socket: Socket) => {
  socket.on('error', () => {})
  socket.on('data', () =>
    socket.write(says.map((head) => `HTTP/1.1 ${head}`).join('\r\n\r\n') + (says.at(-1) === answer ? '' : '\r\n\r\n')),
  )
})
const sessions = new Set<ServerHttp2Session>()
const service2 = createHttp2Server()
service2.on('session', (session) => sessions.add(session))
service2.on('stream', (stream) => {
  stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload', 'set-cookie': ['a=b'] })
  stream.respond({ ':status': 200 })
  stream.end('ok')
})

before(async () => {
  const ports = await Promise.all(
    [service, service2].map(async (server) => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return (server.address() as AddressInfo).port
    }),
  )
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services:
  pages: { rest: http://127.0.0.1:${ports[0]}, identity: none }
  pages2: { rest: http://127.0.0.1:${ports[1]}, http2: true, identity: none }
mask: { rules: [{ pattern: email, becomes: { text: someone } }] }
routes:
  - { path: /quiet/*, service: pages, mask: false }
  - { path: /hinting/*, service: pages, mask: false, earlyHints: true }
  - { path: /hinting2/*, service: pages2, mask: false, earlyHints: true }
  - { path: /masked/*, service: pages, mask: true, earlyHints: true }
  - { path: /standing/*, service: pages, mask: false, earlyHints: true, fallback: { respond: { status: 203 } } }
`,
  })
  gateway = await startGateway(dir)
  removeWorkspace = remove
})
after(async () => {
  await gateway.close()
  await removeWorkspace()
  for (const session of sessions) session.destroy()
  service2.close()
  service.close()
})
