import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { WireError } from '../../../../src/services/rest/wire/error.ts'
import { headerLines, originLines, requestHead, type WireRequest } from '../../../../src/services/rest/wire/request.ts'
import { failure, ok, rawService } from './support/service.ts'

describe('the head of a request', () => {
  it('is the request line, Host, prepared lines, headers and the length of the body', () => {
    const request = { method: 'POST', path: '/a?b=%20', headers: ['x-a', '1', 'X-A', 'é'], body: 'né' }
    assert.equal(
      head({ ...request, lines: headerLines(['accept', '*/*']) }),
      'POST /a?b=%20 HTTP/1.1\r\nhost: a.test\r\nconnection: keep-alive\r\naccept: */*\r\nx-a: 1\r\nX-A: é\r\ncontent-length: 3\r\n\r\n',
    )
  })

  it('frames bodies, and says 0 where a body is usual and there is none', () => {
    const source = (length: number | undefined) => ({ length, start() {}, resume() {}, stop() {} })
    const framing = (request: Partial<WireRequest>): string => head(request).split('keep-alive\r\n')[1] as string
    assert.equal(framing({ method: 'GET' }), '\r\n')
    assert.equal(framing({ method: 'DELETE' }), '\r\n')
    for (const method of ['POST', 'PUT', 'PATCH']) assert.equal(framing({ method }), 'content-length: 0\r\n\r\n')
    assert.equal(framing({ body: Buffer.alloc(5) }), 'content-length: 5\r\n\r\n')
    assert.equal(framing({ body: source(7) }), 'content-length: 7\r\n\r\n')
    assert.equal(framing({ body: source(undefined) }), 'transfer-encoding: chunked\r\n\r\n')
  })

  const hosts: Readonly<Record<string, string>> = {
    'http://a.test': 'a.test',
    'http://a.test:80': 'a.test',
    'https://a.test:443': 'a.test',
    'http://a.test:8080': 'a.test:8080',
    'https://a.test:80': 'a.test:80',
    'http://[::1]:8080': '[::1]:8080',
    'http://BÜCHER.example': 'xn--bcher-kva.example',
  }
  for (const [origin, host] of Object.entries(hosts))
    it(`names ${host} as the host of ${origin}`, () => {
      assert.equal(originLines(new URL(origin).host), ` HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`)
    })

  const refused: Readonly<Record<string, Partial<WireRequest>>> = {
    'a path without a slash': { path: 'a' },
    'an empty path': { path: '' },
    'a space in the path': { path: '/a b' },
    'a line end in the path': { path: '/a\r\nx: y' },
    'a NUL in the path': { path: '/a\0' },
    'a path beyond latin1': { path: '/\u010d' },
    'a method that is no token': { method: 'GET /' },
    'an empty method': { method: '' },
    CONNECT: { method: 'CONNECT' },
    'CR LF in a value': { headers: ['a', 'b\r\nc: d'] },
    'LF in a value': { headers: ['a', 'b\nc'] },
    'CR in a value': { headers: ['a', 'b\rc'] },
    'NUL in a value': { headers: ['a', 'b\0'] },
    'a character that latin1 would make a line end of': { headers: ['a', 'b\u010ac\u010d'] },
    'an empty name': { headers: ['', 'b'] },
    'a space in a name': { headers: ['a b', 'c'] },
    'a colon in a name': { headers: ['a:', 'c'] },
    'a line end in a name': { headers: ['a\r\nb', 'c'] },
    'a second Host': { headers: ['Host', 'b'] },
    'a second length': { headers: ['content-length', '5'] },
    'a coding': { headers: ['Transfer-Encoding', 'chunked'] },
    'a word on the connection': { headers: ['connection', 'close'] },
    'an expectation': { headers: ['expect', '100-continue'] },
    'an upgrade': { headers: ['upgrade', 'h2c'] },
  }
  for (const [what, request] of Object.entries(refused))
    it(`is refused for ${what}`, () => {
      assert.throws(
        () => head(request),
        (error) => error instanceof WireError && error.code === 'invalid_request',
      )
    })

  it('has exactly one line for each header, or is refused', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ':', ' ', '\t', '\r', '\n', '\0', 'é', '\u010a'),
      maxLength: 4,
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 3 }), (headers) => {
        try {
          const lines = head({ headers: headers.flat() }).split(/\r\n|\r|\n/)
          assert.equal(lines.length, 3 + headers.length + 2)
        } catch (error) {
          assert.ok(error instanceof WireError)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('reaches nobody when it is refused, and costs no connection', async (t) => {
    const { ask, reads, sockets } = await rawService(t, (socket) => socket.write(ok))
    assert.equal((await failure(ask({ headers: ['a', 'b\r\nc: d'] }))).code, 'invalid_request')
    await ask()
    assert.deepEqual([reads(), sockets.length], [1, 1])
  })
})

const head = (request: Partial<WireRequest>): string =>
  requestHead(
    { method: 'GET', path: '/', headers: [], body: null, repeatable: false, ...request },
    originLines('a.test'),
  )
