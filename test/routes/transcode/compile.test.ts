import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { compileWorkspace } from '../../../src/compile/compile.ts'
import { listAddresses } from '../../../src/compile/listing.ts'
import { layWorkspace } from '../../support/gateway.ts'
import { told } from '../../support/told.ts'
import { protoText, workspaceFiles } from './support/transcoder.ts'

/** What is wrong with the rule of one method, and what its author is told: line and column, the line, the caret. */
const mistakes: readonly (readonly [rule: string, told: string])[] = [
  ['get: "/v1/{id"', '^ This variable is not closed: `}` is missing.'],
  ['get: "/v1/{nmae}"', '^ Item has no field nmae. Did you mean name?'],
  ['get: "/v1/{sub.nmae}"', '^ Item has no field nmae. Did you mean name?'],
  ['get: "/v1/{name.x}"', '^ name is not a message with fields that can be named one by one.'],
  ['get: "/v1/{tags}"', '^ tags is repeated; a path holds one value.'],
  ['get: "/v1/{labels}"', '^ labels is a map; a path holds one value.'],
  ['get: "/v1/{sub}"', '^ sub is a message; a path holds one value. Name a field of it.'],
  ['get: "/v1/{subs.name}"', '^ subs is not a message with fields that can be named one by one.'],
  ['get: "/v1/**/x"', '^ `**` takes all that is left: nothing may follow; this rule is not served.'],
  ['post: "/v1/x" body: "nothing"', '^ Item has no field nothing.'],
  ['post: "/v1/x" body: "sub.name"', '^ Expected a field of Item itself, not one inside of another.'],
  ['get: "/v1/x" response_body: "nothing"', '^ Item has no field nothing.'],
  ['get: "/v1/x" body: "*"', '^ A GET request has no body.'],
  ['post: "/v1/{name}" body: "name"', '^ name is in the path and in the body.'],
  ['custom { kind: "FETCH" path: "/v1/x" }', '^ There is no HTTP method FETCH. Did you mean PATCH?'],
]

describe('a transcoding route', () => {
  for (const [rule, words] of mistakes)
    it(`says what is wrong with ${rule}`, async (t) => {
      const { text, lines } = await diagnosticsOf(
        t,
        `rpc Get(Item) returns (Item) { option (google.api.http) = { ${rule} }; }`,
      )
      assert.ok(text.includes(words), text)
      assert.match(lines[0] ?? '', /^protos\/test\.proto:\d+:\d+ {2}test\.v1\.Test\/Get(?: {2}\(warning\))?$/)
    })

  it('puts the caret under the part that is wrong', async (t) => {
    const { lines } = await diagnosticsOf(
      t,
      'rpc Get(Item) returns (Item) { option (google.api.http) = { get: "/v1/{nmae}" }; }',
    )
    const [, source = '', caret = ''] = lines
    assert.equal(source.slice(caret.indexOf('^'), caret.indexOf('^') + 4), 'nmae')
  })

  it('names both places of two rules for one address', async (t) => {
    const { text } = await diagnosticsOf(
      t,
      `rpc Get(Item) returns (Item) { option (google.api.http) = { get: "/v1/{name}/x" }; }
  rpc Find(Item) returns (Item) { option (google.api.http) = { get: "/v1/{id=*}/x" }; }`,
    )
    assert.match(text, /^protos\/test\.proto:\d+:\d+ {2}test\.v1\.Test\/Find {2}\(warning\)$/m)
    assert.match(
      text,
      /\^ GET \/v1\/\{id=\*\}\/x is what test\.v1\.Test\/Get answers already, as GET \/v1\/\{name\}\/x \(protos\/test\.proto:\d+:\d+\); this rule is not served\.$/m,
    )
  })

  it('wants a body for messages that are streamed in', async (t) => {
    const { text } = await diagnosticsOf(
      t,
      'rpc Sum(stream Item) returns (Item) { option (google.api.http) = { post: "/v1/sum" }; }',
    )
    assert.match(text, /Messages are streamed in the body, and this rule has none\. Add `body: "\*"`\./)
  })

  it('tells all mistakes at once', async (t) => {
    const { text } = await diagnosticsOf(
      t,
      `rpc Get(Item) returns (Item) { option (google.api.http) = { get: "/v1/{a}/{b}" additional_bindings { get: "/v2/{c" } }; }`,
    )
    assert.equal(text.match(/\^/g)?.length, 3)
  })

  it('wants gRPC services, and knows their names', async (t) => {
    const { text } = await diagnosticsOf(t, plain, (yaml) => yaml.replace('transcode: test', 'transcode: [tset, rest]'))
    assert.match(text, /No such service\. Did you mean test\?/)
    assert.match(text, /Service rest speaks REST; transcoding needs a gRPC service\./)
  })

  it('lets no header through that says who calls, or has a meaning of its own', async (t) => {
    const names = [
      'authorization',
      'Cookie',
      'x-forwarded-for',
      'grpc-timeout',
      'connection',
      'content-type',
      'x_user',
      'te',
    ]
    const { text } = await diagnosticsOf(
      t,
      plain,
      (yaml) => `${yaml}    metadata: { request: [${names.join(', ')}, x-tenant] }\n`,
    )
    for (const name of names) assert.ok(text.includes(` ${name.toLowerCase()} `), `${name} in\n${text}`)
    assert.doesNotMatch(text, /x-tenant (?:has|says)/)
  })

  it('has either a service or transcode, and a path with a wildcard', async (t) => {
    const both = await diagnosticsOf(t, plain, (yaml) => `${yaml}    service: rest\n`)
    assert.notEqual(both.text, '')
    const neither = await diagnosticsOf(t, plain, (yaml) => yaml.replace('    transcode: test\n', ''))
    assert.notEqual(neither.text, '')
    const path = await diagnosticsOf(t, plain, (yaml) => yaml.replace('/api/*', '/api'))
    assert.match(path.text, /A path such as \/api\/\*/)
  })

  it('lists every rule with its address', async (t) => {
    const { plan } = await compiled(
      t,
      `rpc Get(Item) returns (Item) { option (google.api.http) = { get: "/v1/{name=items/*}" additional_bindings { post: "/v1/{name}:get" body: "*" } }; }
  rpc Plain(Item) returns (Item);
  rpc Watch(Item) returns (stream Item) { option (google.api.http) = { custom { kind: "*" path: "/v1/watch" } }; }`,
      (yaml) => `${yaml}    websocket: true\n`,
    )
    assert.ok(plan !== undefined)
    assert.deepEqual(
      listAddresses(plan).map(({ method, address, by }) => `${method} ${address} ${by}`),
      [
        'GET /api/v1/{name=items/*} test  test.v1.Test/Get',
        'POST /api/v1/{name}:get test  test.v1.Test/Get',
        'POST /api/test.v1.Test/Plain test  test.v1.Test/Plain',
        '* /api/v1/watch test  test.v1.Test/Watch, WebSocket too',
      ],
    )
  })

  it('compiles a thousand methods in well under a second', async (t) => {
    const methods = Array.from(
      { length: 1_000 },
      (_, n) =>
        `rpc Get${n}(Item) returns (Item) { option (google.api.http) = { get: "/v1/r${n}/{name}/{sub.name}" }; }`,
    )
    const workspace = await layWorkspace(filesOf(methods.join('\n')))
    t.after(workspace.remove)
    const began = process.threadCpuUsage()
    const { plan } = await compileWorkspace(workspace.dir, {})
    assert.ok(plan !== undefined)
    assert.ok(process.threadCpuUsage(began).user < 5_000_000)
  })
})

const plain = 'rpc Get(Item) returns (Item);'

const filesOf = (methods: string, change: (yaml: string) => string = (yaml) => yaml) => {
  const proto = `service Test {
  ${methods}
}
message Item {
  string name = 1; string id = 2; Item sub = 3; repeated Item subs = 4; repeated string tags = 5; map<string, string> labels = 6;
}
`
  const files = workspaceFiles({ proto, handlers: {} }, '127.0.0.1:1')
  const yaml = (files['portico.yaml'] ?? '').replace(
    'services:\n',
    'services:\n  rest: { rest: "http://a", identity: none }\n',
  )
  return { ...files, 'protos/test.proto': protoText(proto), 'portico.yaml': change(yaml) }
}

const compiled = async (t: TestContext, methods: string, change?: (yaml: string) => string) => {
  const workspace = await layWorkspace(filesOf(methods, change))
  t.after(workspace.remove)
  return compileWorkspace(workspace.dir, {})
}

const diagnosticsOf = async (t: TestContext, methods: string, change?: (yaml: string) => string) => {
  const { diagnostics } = await compiled(t, methods, change)
  const text = told(diagnostics)
  return { text, lines: text.split('\n') }
}
