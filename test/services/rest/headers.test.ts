import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestHeaders, responseHeaders } from '../../../src/services/rest/headers.ts'

describe('requestHeaders', () => {
  it('keeps what is between client and service, in order and one by one', () => {
    const kept = ['Accept', 'a/b', 'X-Request', '1', 'X-Request', '2', 'traceparent', '00-a-b-01', 'Via', '1.1 edge']
    assert.deepEqual(sent(kept).slice(0, kept.length), kept)
  })

  it('drops hop-by-hop headers and those that frame the message', () => {
    const { names } = fields([
      'Connection',
      'keep-alive',
      'Keep-Alive',
      'timeout=5',
      'TE',
      'trailers',
      'Trailer',
      'x',
      'Upgrade',
      'h2c',
      'Transfer-Encoding',
      'chunked',
      'Content-Length',
      '4',
      'Host',
      'a',
      'Expect',
      '100-continue',
      'Proxy-Authorization',
      'Basic eA==',
      'Proxy-Connection',
      'keep-alive',
      'HTTP2-Settings',
      'x',
    ])
    assert.deepEqual(names, own)
  })

  for (const connection of [
    ['close, X-Forwarded-For, Authorization, X-Thing'],
    ['CLOSE,,X-THING , ,AUTHORIZATION,x-forwarded-for,via'],
    ['X-Thing', 'authorization, x-forwarded-host,x-forwarded-proto'],
  ]) {
    it(`drops what Connection names, never what the gateway adds: ${connection.join(' | ')}`, () => {
      const { names, value } = fields([
        'X-Thing',
        '1',
        'Authorization',
        'Bearer a',
        ...connection.flatMap((line) => ['Connection', line]),
      ])
      assert.deepEqual(names, own)
      assert.equal(value('x-forwarded-for'), '192.0.2.1')
    })
  }

  it('drops every header only a gateway may say, whatever its case', () => {
    const spoofed = [
      'X-Forwarded-For',
      'X-Forwarded-Host',
      'X-Forwarded-Proto',
      'X-Forwarded-Port',
      'X-Forwarded-Prefix',
      'X-Forwarded-Server',
      'Forwarded',
      'X-Real-IP',
      'True-Client-IP',
      'CF-Connecting-IP',
      'X-Client-Cert',
      'X-Forwarded-Client-Cert',
      'X-Consumer-Username',
      'X-Auth-Sub',
      'X-User',
      'X-User-Id',
      'X-UserInfo',
      'X-SSL-Client-Verify',
      'Client-Cert',
      'Remote-User',
      'X-Original-URL',
      'X-Rewrite-URL',
      'Proxy',
      'X-HTTP-Method-Override',
      'X-Authenticated-Userid',
      'X-Credential-Identifier',
    ]
    for (const name of spoofed.flatMap((one) => [one, one.toUpperCase(), one.toLowerCase()])) {
      const list = sent([name, 'spoofed'])
      assert.ok(!list.includes('spoofed'), name)
    }
  })

  it('drops names with an underscore, which some services read as a dash', () => {
    assert.deepEqual(fields(['X_Auth_User', 'root', 'x_forwarded_for', '1.1.1.1', 'my_own', 'x']).names, own)
  })

  it('passes credentials only to a service that gets the caller’s identity', () => {
    const raw = ['Authorization', 'Bearer a', 'Cookie', 'a=b', 'Cookie', 'c=d']
    assert.deepEqual(fields(raw, false).names, own)
    assert.deepEqual(fields(raw, true).names, ['authorization', 'cookie', 'cookie', ...own])
  })

  it('passes only the first of two Authorization headers, the one that was verified', () => {
    const { value, names } = fields(['Authorization', 'Bearer mine', 'AUTHORIZATION', 'Bearer other'])
    assert.equal(value('authorization'), 'Bearer mine')
    assert.equal(names.filter((name) => name === 'authorization').length, 1)
  })

  it('says who asked, for what and by which version', () => {
    const { value } = fields([])
    assert.equal(value('x-forwarded-proto'), 'https')
    assert.equal(value('x-forwarded-host'), 'shop.example')
    assert.equal(value('via'), '1.1 portico')
  })

  it('quotes what it writes into Forwarded', () => {
    const facts = {
      forwardedFor: 'unknown, ::1',
      proto: 'http',
      host: 'a";for=10.0.0.1;x="\\',
      version: '1.1',
    } as const
    const lines = requestHeaders([], { ...facts, credentials: false, forwardedHeaders: 'forwarded' })
    assert.deepEqual(lines, [
      'forwarded',
      'for=unknown;host="a\\";for=10.0.0.1;x=\\"\\\\";proto=http, for="[::1]"',
      'via',
      '1.1 portico',
    ])
  })
})

describe('responseHeaders', () => {
  it('keeps each Set-Cookie, and drops hop-by-hop headers and those Connection names', () => {
    const raw = ['Set-Cookie', 'a=1', 'Connection', 'close, X-Hop', 'X-Hop', '1', 'Keep-Alive', 'timeout=5']
    const answer = responseHeaders([...raw, 'Set-Cookie', 'b=2', 'Transfer-Encoding', 'chunked', 'ETag', '"x"'])
    assert.deepEqual(answer?.headers, ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'etag', '"x"'])
  })

  it('never lets Connection take the length of the body away', () => {
    const answer = responseHeaders(['Connection', 'content-length', 'Content-Length', '3'])
    assert.deepEqual(answer, { headers: ['content-length', '3'], contentLength: 3 })
  })

  it('refuses names and values that are not valid HTTP', () => {
    for (const raw of [
      ['x y', '1'],
      ['x', 'a\rb'],
      ['x', 'a\u0000'],
      ['', 'x'],
    ])
      assert.equal(responseHeaders(raw), undefined)
  })

  it('keeps bytes beyond ASCII as they are', () => {
    const answer = responseHeaders([Buffer.from('X-Name'), Buffer.from([0xe9, 0x20, 0x41])])
    assert.deepEqual(answer?.headers, ['x-name', 'é A'])
  })
})

const own = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'via']

const sent = (raw: readonly string[], credentials = true): string[] =>
  requestHeaders(raw, {
    forwardedFor: '192.0.2.1',
    proto: 'https',
    host: 'shop.example',
    version: '1.1',
    credentials,
  })

const fields = (raw: readonly string[], credentials = true) => {
  const list = sent(raw, credentials)
  const names = list.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
  return { names, value: (name: string) => list[names.indexOf(name) * 2 + 1] }
}
