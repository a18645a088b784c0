import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { array, assert as assertAll, asyncProperty, constantFrom, oneof, option, record, string } from 'fast-check'
import protobuf from 'protobufjs'
import { exchangeBytes } from '../routes/proxy/support/gateway.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { type Heard, startHearing } from '../support/hearing.ts'
import { read, resolved, runs, seed, value } from '../support/hostile.ts'

/** What clients and services say, on its way into requests that the gateway makes itself. */
describe('a value that clients or services choose', () => {
  it(`stays one segment and one parameter of the address that a service is asked for (PORTICO_SEED=${seed})`, async (t) => {
    let ref = ''
    const { send } = await gateway(t, () => ref)
    let [asked, followed] = [0, 0]
    await assertAll(
      asyncProperty(record({ id: value, query: option(value), answered: oneof(value, string()) }), async (one) => {
        ref = one.answered
        const seen = await send(`/web/users/${one.id}${one.query === null ? '' : `?q=${one.query}`}`)
        const [first, second, ...more] = seen
        assert.deepEqual(more, [])
        if (first === undefined) return
        asked += 1
        const [, id = ''] = addressed(first, /^\/base\/users\/([^/?#&]+)\/orders(?:\?f=[^?#&]*)?$/)
        assert.match(decodeURIComponent(id), /^(?!\.{0,2}$)/)
        assert.deepEqual(namesOf(first), usual)
        if (second === undefined) return assert.match(ref, /^\.{0,2}$/)
        followed += 1
        const [, segment = '', parameter = ''] = addressed(second, /^\/base\/next\/([^/?#&]+)\/card\?x=([^?#&]*)$/)
        assert.deepEqual([decodeURIComponent(segment), decodeURIComponent(parameter)], [ref, ref])
        assert.deepEqual(namesOf(second), usual)
      }),
      runs(150),
    )
    assert.ok(asked > 5 && followed > 5, `${asked} asked, ${followed} followed`)
  })

  it(`of a transcoded path is what the path says, within its pattern and outside of what others guard (PORTICO_SEED=${seed})`, async (t) => {
    const { send } = await gateway(t, () => '')
    const heard = new Map<string, number>()
    const target = record({
      begin: constantFrom(
        '/api/v1/shelves/',
        '/api/v1/shelves/1/books/',
        '/api/v1/files/',
        '/api/v1/files/',
        '/api/v1/one/',
      ),
      rest: array(oneof(value, constantFrom('books/', 'secret/', '/a/', 'secret', ':', 'b')), { maxLength: 3 }),
      query: constantFrom(
        '',
        '',
        '?name=evil',
        '?other=x',
        '?other=x&other=y',
        '?path=secret/x',
        '?id=evil',
        '?Name=evil',
      ),
    }).map(({ begin, rest, query }) => begin + rest.join('') + query)
    await assertAll(
      asyncProperty(target, async (asked) => {
        for (const { url, body } of await send(asked)) {
          heard.set(url, (heard.get(url) ?? 0) + 1)
          const { name, path, id } = messageIn(body as Buffer)
          const [said, pattern] = {
            '/t.S/GetBook': [name, /^shelves\/[^/]+\/books\/[^/]+$/] as const,
            '/t.S/GetFile': [`files/${path}`, /^files\/(?!secret(?:\/|$))/] as const,
            '/t.S/GetOne': [`one/${id}`, /^one\/[^/]+$/] as const,
          }[url] ?? ['', /^never$/]
          assert.match(said, pattern)
          assert.equal(resolved(`/api/v1/${said}`), read(asked))
        }
      }),
      runs(200),
    )
    assert.deepEqual([...heard.keys()].toSorted(), ['/t.S/GetBook', '/t.S/GetFile', '/t.S/GetOne'])
  })
})

const usual = ['accept', 'accept-encoding', 'connection', 'host', 'traceparent', 'user-agent']

const namesOf = ({ lines }: Heard): readonly string[] => lines.filter((_line, at) => at % 2 === 0).toSorted()

const addressed = ({ url }: Heard, pattern: RegExp): readonly string[] => {
  assert.match(url, /^[\x21-\x7e]+$/)
  assert.match(url, pattern)
  return pattern.exec(url) ?? []
}

const proto = `syntax = "proto3";
package t;
import "google/api/annotations.proto";
service S {
  rpc GetBook (Ask) returns (Thing) { option (google.api.http) = { get: "/v1/{name=shelves/*/books/*}" }; }
  rpc GetFile (Ask) returns (Thing) { option (google.api.http) = { get: "/v1/files/{path=**}" }; }
  rpc GetOne (Ask) returns (Thing) { option (google.api.http) = { get: "/v1/one/{id}" }; }
}
message Ask { string name = 1; string path = 2; string id = 3; string other = 4; }
message Thing { string id = 1; }
`

const ask = protobuf.parse(proto).root.lookupType('t.Ask')
type Ask = { readonly name: string; readonly path: string; readonly id: string }
const messageIn = (body: Buffer): Ask => ask.decode(body.subarray(5)) as unknown as Ask

const gateway = async (t: TestContext, refOf: () => string) => {
  const services = await startHearing(t, (url) =>
    JSON.stringify(url.startsWith('/base/users/') ? { ref: refOf() } : { ok: true }),
  )
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services:
  users: { rest: "${services.http1}/base", identity: none }
  calls: { grpc: "${new URL(services.http2).host}", proto: t.proto, identity: none }
auth: { staff: { jwt: { issuer: https://id.test, audience: portico, secret: "${'s'.repeat(32)}" } } }
bffs: { web: { prefix: /web, schema: schema.graphql, operations: operations/*.graphql } }
routes:
  - { path: /api/*, transcode: calls }
  - { path: /api/v1/files/secret/*, service: users, auth: staff }
  - { path: /api/v1/files/secret, service: users, auth: staff }
`,
    'protos/t.proto': proto,
    'schema.graphql': `type Query {
  user(id: String!, q: String): User @rest(service: "users", get: "/users/{args.id}/orders?f={args.q}")
}
type User { ref: String next: Found @rest(service: "users", get: "/next/{this.ref}/card?x={this.ref}") }
type Found { ok: Boolean }
`,
    'operations/user.graphql': `query User($id: String!, $q: String) @endpoint(get: "/users/{id}") {
  user(id: $id, q: $q) { next { ok } }
}
`,
  })
  t.after(remove)
  const { url, close } = await startGateway(dir)
  t.after(close)
  const port = Number(new URL(url).port)
  return {
    send: async (target: string): Promise<readonly Heard[]> => {
      await exchangeBytes(port, `GET ${target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`)
      return services.take()
    },
  }
}
