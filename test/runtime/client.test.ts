import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { layWorkspace, startGateway } from '../support/gateway.ts'

describe('what a trusted proxy forwards in X-Forwarded-*', () => {
  it('is read from the right, as far as proxies are trusted, however addresses are spelt', async (t) => {
    const told = await asking(t, '127.0.0.0/8, 10.0.0.0/8, 2001:db8::/32')
    for (const [sent, chain] of [
      ['1.1.1.1, 203.0.113.9, 10.1.2.3', '203.0.113.9, 10.1.2.3, 127.0.0.1'],
      ['203.0.113.9:4711', '203.0.113.9, 127.0.0.1'],
      ['[2001:0:1::5]:443, 2001:db8::1', '2001:0:1::5, 2001:db8::1, 127.0.0.1'],
      ['::ffff:203.0.113.9, ::FFFF:10.1.2.3', '203.0.113.9, 10.1.2.3, 127.0.0.1'],
      ['6.6.6.6, 203.0.113.9', '203.0.113.9, 127.0.0.1'],
    ] as const)
      assert.equal((await told({ 'x-forwarded-for': sent }))['x-forwarded-for'], chain, sent)
  })

  it('is nothing left of what is no address', async (t) => {
    const told = await asking(t, '127.0.0.0/8, 10.0.0.0/8')
    for (const [sent, chain] of [
      ['unknown', 'unknown, 127.0.0.1'],
      ['', 'unknown, 127.0.0.1'],
      [',,', 'unknown, 127.0.0.1'],
      ['6.6.6.6, unknown, 10.1.2.3', 'unknown, 10.1.2.3, 127.0.0.1'],
      ['6.6.6.6, 10.0.0.999, 10.1.2.3', 'unknown, 10.1.2.3, 127.0.0.1'],
      ['6.6.6.6, 010.1.2.3', 'unknown, 127.0.0.1'],
      ['6.6.6.6, fe80::1%eth0', 'unknown, 127.0.0.1'],
      ['6.6.6.6, 10.1.2.3:99999999', 'unknown, 127.0.0.1'],
    ] as const)
      assert.equal((await told({ 'x-forwarded-for': sent }))['x-forwarded-for'], chain, sent)
  })

  it('is a scheme and a host, or not looked at', async (t) => {
    const told = await asking(t, '127.0.0.0/8')
    const good = await told({ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'shop.example:8443' })
    assert.deepEqual([good['x-forwarded-proto'], good['x-forwarded-host']], ['https', 'shop.example:8443'])
    const bad = await told({ 'x-forwarded-proto': 'javascript', 'x-forwarded-host': 'evil.test/x?' })
    assert.deepEqual([bad['x-forwarded-proto'], bad['x-forwarded-host']], ['http', 'shop.test'])
  })

  it('is nothing where the peer is not trusted', async (t) => {
    const told = await asking(t, '10.0.0.0/8')
    const sent = { 'x-forwarded-for': '1.1.1.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.test' }
    const got = await told({ ...sent, 'x-real-ip': '1.1.1.1', forwarded: 'for=1.1.1.1', 'true-client-ip': '1.1.1.1' })
    assert.deepEqual(
      ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-real-ip', 'forwarded', 'true-client-ip'].map(
        (name) => got[name],
      ),
      ['127.0.0.1', 'http', 'shop.test', undefined, undefined, undefined],
    )
  })

  it('is not what stands in Forwarded beside it', async (t) => {
    const told = await asking(t, '127.0.0.0/8')
    const got = await told({ forwarded: 'for=10.1.2.3;proto=https;host=evil.test', 'x-forwarded-for': '203.0.113.9' })
    assert.deepEqual(factsOf(got), ['203.0.113.9, 127.0.0.1', 'http', 'shop.test', undefined])
  })
})

describe('what a trusted proxy forwards in Forwarded', () => {
  const believing = (t: TestContext, trusted = '127.0.0.0/8, 10.0.0.0/8, 2001:db8::/32') =>
    asking(t, trusted, { trusted: 'forwarded' })

  it('is read from the right, as far as proxies are trusted, however it is spelt', async (t) => {
    const told = await believing(t)
    for (const [sent, chain] of [
      ['for=1.1.1.1, for=203.0.113.9, for=10.1.2.3', '203.0.113.9, 10.1.2.3, 127.0.0.1'],
      ['For=203.0.113.9', '203.0.113.9, 127.0.0.1'],
      ['for="203.0.113.9:4711"', '203.0.113.9, 127.0.0.1'],
      ['for="203.0.113.9:_hidden"', '203.0.113.9, 127.0.0.1'],
      ['for=203.0.113.9:4711', '203.0.113.9, 127.0.0.1'],
      ['for="[2001:0:1::5]:443" , for="[2001:DB8::1]"', '2001:0:1::5, 2001:db8::1, 127.0.0.1'],
      ['by=_edge; for="203.0.113.\\9" ;proto=http;ext="a, for=10.0.0.1; \\""', '203.0.113.9, 127.0.0.1'],
      ['for="::ffff:203.0.113.9"', '203.0.113.9, 127.0.0.1'],
    ] as const)
      assert.equal((await told({ forwarded: sent }))['x-forwarded-for'], chain, sent)
  })

  it('is nothing left of what is no address, hidden or given twice', async (t) => {
    const told = await believing(t)
    for (const [sent, chain] of [
      ['for=unknown', 'unknown, 127.0.0.1'],
      ['for=_gazonk', 'unknown, 127.0.0.1'],
      ['', 'unknown, 127.0.0.1'],
      [',,', 'unknown, 127.0.0.1'],
      ['proto=https', 'unknown, 127.0.0.1'],
      ['for=6.6.6.6;for=10.0.0.1', 'unknown, 127.0.0.1'],
      ['for=6.6.6.6, for=_edge, for=10.1.2.3', 'unknown, 10.1.2.3, 127.0.0.1'],
      ['for=6.6.6.6, for = 10.1.2.3', 'unknown, 127.0.0.1'],
      ['for=6.6.6.6, 10.1.2.3', 'unknown, 127.0.0.1'],
      ['for=6.6.6.6, for="10.1.2.3', 'unknown, 127.0.0.1'],
      ['for="6.6.6.6, for=10.1.2.3", for="', 'unknown, 127.0.0.1'],
      ['for=203.0.113.9, for="[2001:db8::1]:99999999"', 'unknown, 127.0.0.1'],
    ] as const)
      assert.equal((await told({ forwarded: sent }))['x-forwarded-for'], chain, sent)
  })

  it('is the proxy’s own, whatever a client has put before it', async (t) => {
    const told = await believing(t)
    for (const before of ['"', 'for="', 'for=10.0.0.1;x="', 'for="\\', '\\', ';', 'for=10.0.0.1;', '='])
      for (const own of [
        'for=203.0.113.9',
        'for="203.0.113.9:1";host="a:80"',
        'host="\\"x, for=10.0.0.1";for=203.0.113.9',
      ])
        assert.equal(
          (await told({ forwarded: `${before}, ${own}` }))['x-forwarded-for'],
          '203.0.113.9, 127.0.0.1',
          `${before}, ${own}`,
        )
  })

  it('is the scheme and the host that the outermost of them was asked by, or not looked at', async (t) => {
    const told = await believing(t)
    for (const [sent, proto, host] of [
      ['for=203.0.113.9;proto=https;host="shop.example:8443"', 'https', 'shop.example:8443'],
      ['for=203.0.113.9;proto=HTTPS;host=shop.example, for=10.1.2.3;proto=http;host=inner', 'https', 'shop.example'],
      ['for=6.6.6.6;proto=https;host=evil.test, for=203.0.113.9', 'http', 'shop.test'],
      ['for=203.0.113.9;proto=javascript;host="evil.test/x?"', 'http', 'shop.test'],
    ] as const) {
      const got = await told({ forwarded: sent })
      assert.deepEqual([got['x-forwarded-proto']?.toLowerCase(), got['x-forwarded-host']], [proto, host], sent)
    }
  })

  it('is never what stands in X-Forwarded-*, there or not', async (t) => {
    const told = await believing(t)
    const spoofed = { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.test' }
    assert.deepEqual(factsOf(await told(spoofed)), ['127.0.0.1', 'http', 'shop.test', undefined])
    assert.deepEqual(factsOf(await told({ ...spoofed, forwarded: 'for=203.0.113.9' })), [
      '203.0.113.9, 127.0.0.1',
      'http',
      'shop.test',
      undefined,
    ])
  })

  it('is nothing where the peer is not trusted', async (t) => {
    const told = await believing(t, '10.0.0.0/8')
    const got = await told({ forwarded: 'for=10.1.2.3;proto=https;host=evil.test', 'x-forwarded-for': '10.1.2.3' })
    assert.deepEqual(factsOf(got), ['127.0.0.1', 'http', 'shop.test', undefined])
  })
})

describe('whatever strangers say of where they come from', () => {
  const spoofed: Readonly<Record<string, string>> = {
    'x-forwarded-for': '10.1.2.3',
    'x-forwarded-host': 'evil.test',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '443',
    'x-forwarded-prefix': '/evil',
    'x-forwarded-server': 'evil',
    forwarded: 'for=10.1.2.3;host=evil.test;proto=https',
    'x-real-ip': '10.1.2.3',
    'true-client-ip': '10.1.2.3',
  }
  for (const trusted of ['x-forwarded', 'forwarded'])
    it(`is replaced by what the gateway knows, or gone, for services and for what routes match (${trusted})`, async (t) => {
      const told = await asking(t, '10.0.0.0/8', { trusted, told: 'both' })
      const got = await told(spoofed)
      assert.deepEqual(
        Object.keys(spoofed).map((name) => got[name]),
        [
          '127.0.0.1',
          'shop.test',
          'http',
          undefined,
          undefined,
          undefined,
          'for=127.0.0.1;host="shop.test";proto=http',
          undefined,
          undefined,
        ],
      )
      for (const path of ['/told-for', '/told-forwarded'])
        assert.equal(String((await told(spoofed, path))['status']), '404')
    })
})

describe('what services are told of where requests come from', () => {
  it('stands in Forwarded where they say so, alone or beside X-Forwarded-*', async (t) => {
    const from = { 'x-forwarded-for': '2001:0:1::5, 10.1.2.3', 'x-forwarded-proto': 'https', forwarded: 'for=6.6.6.6' }
    const forwarded = 'for="[2001:0:1::5]";host="shop.test";proto=https, for=10.1.2.3, for=127.0.0.1'
    const alone = await asking(t, '127.0.0.0/8, 10.0.0.0/8', { told: 'forwarded' })
    assert.deepEqual(factsOf(await alone(from)), [undefined, undefined, undefined, forwarded])
    const both = await asking(t, '127.0.0.0/8, 10.0.0.0/8', { told: 'both' })
    assert.deepEqual(factsOf(await both(from)), ['2001:0:1::5, 10.1.2.3, 127.0.0.1', 'https', 'shop.test', forwarded])
  })

  it('is read by a gateway behind as it was meant', async (t) => {
    const told = await asking(t, '127.0.0.0/8', { told: 'forwarded' })
    const { forwarded = '' } = await told({ 'x-forwarded-for': '2001:0:1::5', host: '[::1]:8443' })
    assert.equal(forwarded, 'for="[2001:0:1::5]";host="[::1]:8443";proto=http, for=127.0.0.1')
    const behind = await asking(t, '127.0.0.0/8', { trusted: 'forwarded' })
    assert.deepEqual(factsOf(await behind({ forwarded })), [
      '2001:0:1::5, 127.0.0.1, 127.0.0.1',
      'http',
      '[::1]:8443',
      undefined,
    ])
  })
})

const factsOf = (told: Readonly<Record<string, string>>) =>
  ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded'].map((name) => told[name])

/** Asks a gateway with these trusted proxies, and gives what its service was told. */
const asking = async (
  t: TestContext,
  proxies: string,
  { trusted = 'x-forwarded', told = 'x-forwarded' }: { readonly trusted?: string; readonly told?: string } = {},
) => {
  const server = createServer((asked, reply) => reply.end(JSON.stringify(asked.headers)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
trustedProxies: [${proxies.replaceAll(/[^, ]+/g, '"$&"')}]
trustedHeaders: ${trusted}
services: { echo: { rest: http://127.0.0.1:${port}, identity: none, forwardedHeaders: ${told} } }
routes:
  - { path: /echo, service: echo }
  - { path: /told-for, service: echo, match: { header: { x-forwarded-for: { present: true } } } }
  - { path: /told-forwarded, service: echo, match: { header: { forwarded: { present: true } } } }
`,
  })
  const { gateway, close } = await startGateway(dir)
  t.after(async () => {
    await close()
    await remove()
    server.close()
  })
  return async (
    headers: Readonly<Record<string, string>>,
    path = '/echo',
  ): Promise<Readonly<Record<string, string>>> => {
    const to = { host: '127.0.0.1', port: gateway.listen.port, path, agent: false } as const
    const asked = request({ ...to, headers: { host: 'shop.test', ...headers } }).end()
    const [reply] = (await once(asked, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of reply) text += String(chunk)
    return JSON.parse(text) as Record<string, string>
  }
}
