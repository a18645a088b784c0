import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as fc from 'fast-check'
import { WebSocket } from 'ws'
import { signToken } from '../../support/token.ts'
import { until } from '../../support/until.ts'
import { startGround } from './ground.ts'
import { card, grouped, leak, mail, password } from './services.ts'

const fields = '{ person { id mail card note link password wrong inside } }'

describe('what is masked', () => {
  for (const [way, ask, shown] of [
    ['GraphQL by POST', () => graphql(fields), /"note":"pay \*{4}1111 to <\(an address\)>"/],
    ['GraphQL by GET', () => get(`/web/graphql?query=${encodeURIComponent(fields)}`), /"card":"\*{4}1111"/],
    ['the message of a failed field', () => graphql('{ refused }'), /Refused: no \*{4}1111 of \(an address\)/],
    [
      'details of a failed field',
      () => graphql('{ refusedNote { id } }'),
      /"mail":"\(an address\)","card":"\*{4}1111"/,
    ],
    [
      'mistakes of variables, which repeat them',
      () => graphql('query ($as: String) { person(as: $as) { id } }', { as: [`${mail} ${card}`] }),
      /\(an address\)/,
    ],
    ['GraphQL as events', () => events('{ refused person { card } }'), /Refused: no \*{4}1111[^]*"card":"\*{4}1111"/],
    [
      'a subscription as events, and its last words',
      () => events('subscription { watched { text password card } }'),
      /"text":"\*{4}1111 \(an address\)"[^]*"card":"\*{4}1111"\}\],"requestId"|"metadata":\{"mail":"\(an address\)","card":"\*{4}1111"/,
    ],
    [
      'a subscription of a WebSocket, and its last words',
      () => socket({ query: 'subscription { watched { text password card } }' }),
      /"text":"\*{4}1111 \(an address\)"[^]*"metadata":\{"mail":"\(an address\)"/,
    ],
    [
      'mistakes of a document of a WebSocket',
      () => socket({ query: `subscription { watched(mail: "${mail}") { id } }`, variables: card }),
      /"type":"error"/,
    ],
    ['an endpoint', () => get('/web/person'), /"card":"\*{4}1111"/],
    ['the problem of an endpoint', () => get('/web/refused'), /Refused: no \*{4}1111 of \(an address\)/],
    [
      'an endpoint of events, and its last words',
      () => get('/web/watched', { accept: 'text/event-stream' }),
      /"text":"\*{4}1111 \(an address\)"[^]*event: error[^]*"card":"\*{4}1111"/,
    ],
    ['a route', () => get('/raw/person'), /"link":"https:\/\/shop\.test\/\?next=%2Fme%3Fmail%3D\(an%2520address\)"/],
    ['a refusal of a route', () => get('/raw/refused'), /"why":"no \*{4}1111 of \(an address\)"/],
    ['a failure of a route', () => get('/raw/failed'), /"card":"\*{4}1111"/],
    ['an answer of 2 MB', () => get('/raw/large'), /"last":"\*{4}1111 \(an address\)"/],
    ['a part of an answer', () => get('/raw/part', { range: 'bytes=0-59' }), /gave a part of an answer/],
    [
      'headers of a route',
      () => get('/raw/headers'),
      /location: \/raw\/me\?mail=\(an%20address\)[^]*x-card: \*{4}1111/,
    ],
    ['headers of a route that are asked for alone', () => get('/raw/headers', {}, 'HEAD'), /x-mail: to \(an address\)/],
    [
      'a transcoded answer, its metadata too',
      () => get('/api/v1/notes/1'),
      /x-mail: \(an address\)[^]*"card":"\*{4}1111"/,
    ],
    [
      'transcoded lines, and their last one',
      () => get('/api/v1/watch'),
      /"card":"\*{4}1111"[^]*\{"error":[^]*\(an address\)/,
    ],
    [
      'transcoded events, and their last one',
      () => get('/api/v1/watch', { accept: 'text/event-stream' }),
      /"card":"\*{4}1111"[^]*event: error[^]*\(an address\)/,
    ],
    [
      'transcoded messages of a WebSocket',
      () => frames('/api/v1/watch'),
      /"card":"\*{4}1111"[^]*\{"error":[^]*\(an address\)/,
    ],
    ['a transcoded refusal', () => post('/api/notes.v1.Notes/Refuse', '{}'), /"mail":"\(an address\)"/],
    [
      'a refusal of the Connect protocol, its bytes too',
      () => post('/api/notes.v1.Notes/Refuse', '{}', { 'connect-protocol-version': '1' }),
      /"debug":[^]*\(an address\)/,
    ],
  ] as const)
    it(`is in no form in ${way}`, async () => {
      const text = await ask()
      assert.match(text, shown)
      assert.equal(leak(text), undefined)
      for (const [bytes] of text.matchAll(/[A-Za-z0-9+/]{24,}/g))
        assert.equal(leak(Buffer.from(bytes, 'base64').toString('latin1')), undefined)
    })

  it('is in no explanation, which has placeholders for values', async () => {
    const asks = { ...(await bearer({ scope: 'asks' })), 'portico-explain': '1' }
    for (const text of [
      await graphql('{ person { gone wrong orders { id } } refused }', {}, asks),
      await get('/web/person', asks),
      await get('/web/refused', asks),
    ]) {
      assert.match(text, /"steps":/)
      assert.equal(leak(text), undefined)
    }
    assert.match(
      await graphql('{ person { orders { id } } }', {}, asks),
      /GET \/orders\?mail=\{this\.mail\}&card=\{this\.card\}/,
    )
  })

  it('is in no line of the log, however long, be it of a client, a service, a function or a crash', async () => {
    const { lines, log } = ground
    const query = `?${'a=1&'.repeat(100)}mail=${encodeURIComponent(mail)}&card=${grouped('+')}&password=${password}`
    await get(`/raw/${card}/of/${encodeURIComponent(mail)}${query}&end=${'4111-'.repeat(40)}`)
    await get('/raw/person', { 'x-request-id': grouped('-') })
    await graphql('{ thrown(size: 2000000) }')
    await graphql('{ person { wrong } refused failed refusedNote { id } }')
    await graphql(`{ person(as: "${'x'.repeat(2_000_000)} ${mail} ${card}") { id } }`)
    log.fatal({ err: new Error(`of ${mail}: {"password": "${password}", "card": ${card}}`) }, 'the end')
    log.warn({ cause: `GET /me?password=${password}&next=%2Fme%3Fpassword%3D${password.slice(0, 3)}` }, mail)
    await until(() => lines.some((line) => line.includes('the end')))
    const text = lines.join('')
    assert.match(text, /partial answer/)
    assert.ok(text.includes(`${'x'.repeat(1_000)} of ****1111 and (an address)`))
    assert.equal(leak(text), undefined)
  })

  it('is in no line of the audit log where rules say so, and in no metric or page of those who run it', async () => {
    const token = await bearer({ sub: mail })
    assert.match(await get('/closed/person', { ...token, 'x-request-id': grouped('-') }), /^403/)
    let audit = ''
    await until(async () => (audit = await readFile(join(ground.dir, 'audit.log'), 'utf8')).includes('access.denied'))
    assert.match(audit, /"subject":"\(an address\)"/)
    const { admin, probes } = ground
    const pages = await Promise.all(
      [`${probes}/metrics`, `${probes}/readyz`, `${admin}/services`, `${admin}/openapi.json`].map(async (page) =>
        (await fetch(page)).text(),
      ),
    )
    for (const text of [audit, ...pages]) assert.equal(leak(text), undefined)
  })

  it('is shown at no depth, from no root, in no spelling, on no way', async () => {
    await fc.assert(
      fc.asyncProperty(hiding, async (document) => {
        const id = ground.documents.push(document) - 1
        assert.notEqual(leak(document), undefined)
        const query = `{ document(id: ${id}) }`
        for (const text of [
          await get(`/raw/document/${id}`),
          await graphql(query),
          await get(`/web/documents/${id}`),
          await events(query),
        ]) {
          assert.match(text, /^200/)
          assert.equal(leak(text), undefined, document)
        }
      }),
      { numRuns: 40 },
    )
  })
})

describe('callers who see different things', () => {
  it('share no validator and no answer, though they share calls and operations', async () => {
    const support = await bearer({ scope: 'support' })
    // Twice, so that the answer is known again.
    for (const headers of [support, {}]) await fetchOf('/web/profile', headers)
    const [theirs, ours] = [await fetchOf('/web/profile', support), await fetchOf('/web/profile', {})]
    assert.match(await theirs.text(), new RegExp(`"card":"${card}"`))
    const tags = [theirs, ours].map(({ headers }) => headers.get('etag') ?? '')
    assert.notEqual(tags[0], tags[1])
    assert.equal((await fetchOf('/web/profile', { ...support, 'if-none-match': tags[0] ?? '' })).status, 304)
    const crossed = await fetchOf('/web/profile', { 'if-none-match': tags[0] ?? '' })
    assert.equal(crossed.status, 200)
    assert.equal(leak(await crossed.text()), undefined)
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => graphql('{ person { card } }', {}, i % 2 === 0 ? support : {})),
    )
    for (const [i, text] of all.entries()) assert.equal(text.includes(card), i % 2 === 0, text)
  })

  it('are asked for the whole anew by a route, whatever a browser kept of another', async () => {
    const auditor = await bearer({ scope: 'support', role: 'auditor' })
    const theirs = await fetchOf('/raw/kept', auditor)
    assert.deepEqual([theirs.headers.get('etag'), theirs.headers.get('cache-control')], ['"1"', 'private, no-cache'])
    const held = { 'if-none-match': '"1"', 'if-modified-since': theirs.headers.get('last-modified') ?? '' }
    const ours = await fetchOf('/raw/kept', held)
    assert.equal(ours.status, 200)
    assert.equal(leak(await ours.text()), undefined)
    for (const name of ['etag', 'last-modified', 'accept-ranges']) assert.equal(ours.headers.get(name), null, name)
    assert.equal(ours.headers.get('cache-control'), 'private, no-cache')
    assert.equal((await fetchOf('/raw/kept', { ...auditor, ...held })).status, 304)
  })

  it('keep the cookies and challenges that hand out tokens', async () => {
    const { headers } = await fetchOf('/raw/headers', {})
    assert.deepEqual(headers.getSetCookie(), ['mail=(an%20address); Path=/', 'session=eyJh.eyJi.c'])
    assert.match(headers.get('www-authenticate') ?? '', /authorization_uri=/)
  })
})

/** JSON with a secret somewhere in it, in some spelling. */
const hiding: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(
      `"${card}"`,
      card,
      '4.111111111111111E15',
      '411111111111111100e-2',
      `${card}.0`,
      ...[' ', '-', '+', '\u00a0', '%20', '\\u0020'].map((by) => `"to ${grouped(by)}."`),
      `"${card
        .split('')
        .map((digit) => `\\u003${digit}`)
        .join('')}"`,
      `"write to <${mail}>"`,
      `"ada\\u0040id.test"`,
      `"/me?mail=${encodeURIComponent(mail)}"`,
      `"/?next=${encodeURIComponent(`/me?mail=${encodeURIComponent(mail)}`)}"`,
      `{"${mail}": 1}`,
      `{"${grouped(' ')}": {}}`,
      `{"password": "${password}"}`,
      `{"pass\\u0077ord": ["${password}", {"a": "${password}"}], "b": 1}`,
    ),
    fc.array(fc.constantFrom('list', 'object', 'second', 'blank'), { maxLength: 6 }),
  )
  .map(([secret, around]) =>
    around.reduce((inside, kind) => {
      if (kind === 'list') return `[1.50, ${inside}]`
      if (kind === 'object') return `{"a": ${inside}}`
      return kind === 'second' ? `{"é": [null], "a b": ${inside} , "z":true}` : `[\n\t${inside} ]`
    }, secret),
  )

let ground: Awaited<ReturnType<typeof startGround>>
before(async () => {
  ground = await startGround()
})
after(() => ground.close())

type Headers_ = Readonly<Record<string, string>>

const bearer = async (claims: Readonly<Record<string, unknown>>): Promise<Headers_> => ({
  authorization: `Bearer ${await signToken({ sub: 'u-1', ...claims })}`,
})

const fetchOf = (path: string, headers: Headers_, init: RequestInit = {}): Promise<Response> =>
  fetch(ground.url + path, { ...init, headers, redirect: 'manual' })

/** All that a client reads: status, headers and body. */
const textOf = async (reply: Response): Promise<string> => {
  const headers = [...reply.headers].map(([name, value]) => `${name}: ${value}`).join('\n')
  return `${reply.status}\n${headers}\n\n${await reply.text()}`
}

const get = async (path: string, headers: Headers_ = {}, method = 'GET'): Promise<string> =>
  textOf(await fetchOf(path, headers, { method }))

const post = async (path: string, body: string, headers: Headers_ = {}): Promise<string> =>
  textOf(await fetchOf(path, { 'content-type': 'application/json', ...headers }, { method: 'POST', body }))

const graphql = (query: string, variables: object = {}, headers: Headers_ = {}): Promise<string> =>
  post('/web/graphql', JSON.stringify({ query, variables }), headers)

const events = (query: string): Promise<string> =>
  post('/web/graphql', JSON.stringify({ query }), { accept: 'text/event-stream' })

/** What a WebSocket of GraphQL says of one subscription until it ends. */
const socket = async (payload: object): Promise<string> => {
  const client = new WebSocket(`${ground.url.replace('http', 'ws')}/web/graphql`, 'graphql-transport-ws')
  await once(client, 'open')
  const said: string[] = []
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  client.on('message', (data: Buffer) => {
    const text = data.toString()
    said.push(text)
    const { type } = JSON.parse(text) as { readonly type: string }
    if (type === 'connection_ack') client.send(JSON.stringify({ type: 'subscribe', id: 'a@b.example', payload }))
    if (type === 'error' || type === 'complete') end()
  })
  client.send('{"type":"connection_init"}')
  await ended
  client.close()
  assert.match(said.at(-1) ?? '', /"id":"a@b\.example"/)
  return said.join('\n')
}

const frames = async (path: string): Promise<string> => {
  const client = new WebSocket(ground.url.replace('http', 'ws') + path)
  const said: string[] = []
  client.on('message', (data: Buffer) => said.push(data.toString()))
  await once(client, 'close')
  return said.join('\n')
}
