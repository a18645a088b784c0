import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { portico } from '../support/command.ts'
import { layWorkspace } from '../support/gateway.ts'

describe('portico check --fix', () => {
  it('mends misspelt services, placeholders, arguments, methods and paths, and touches nothing else', async (t) => {
    const dir = await laid(t, {})
    const { status, out, err } = await portico(['check', dir, '--fix'])
    assert.equal(err, '')
    assert.equal(status, 0)
    assert.equal(
      out,
      [
        'schema.graphql:4:39  usrs → users',
        'schema.graphql:6:50  args.idd → args.id',
        'schema.graphql:8:20  shop.Catalog/GetProdct → shop.Catalog/GetProduct',
        'schema.graphql:9:18  skuu → sku',
        'schema.graphql:9:48  prodct → product',
        'checked 2 services, 1 BFF, 1 stored operation, 0 routes: no mistakes',
        '',
      ].join('\n'),
    )
    const { schema } = await filesOf(dir)
    assert.equal(
      schema,
      sdl
        .replace('"usrs"', '"users"')
        .replace('args.idd', 'args.id')
        .replace('GetProdct', 'GetProduct')
        .replace('skuu', 'sku')
        .replace('"prodct"', '"product"'),
    )
  })

  it('mends settings, and operations against the schema, round by round', async (t) => {
    const dir = await laid(t, {
      'portico.yaml': workspace.replace('schema:', 'schma:'),
      'schema.graphql': sound,
      'operations/order.graphql': operation.replace('name', 'nmae # of it').replace('get:', 'gett:'),
    })
    const { status, out, err } = await portico(['check', dir, '--fix'])
    assert.equal(err, '')
    assert.match(
      out,
      /^portico\.yaml:6:22 {2}schma → schema\noperations\/order\.graphql:1:72 {2}nmae → name\noperations\/order\.graphql:1:33 {2}gett → get\n/,
    )
    assert.equal(status, 0)
    const { yaml, stored } = await filesOf(dir)
    assert.equal(yaml, workspace)
    assert.equal(stored, operation.replace('name', 'name # of it'))
  })

  it('only prints with --dry-run', async (t) => {
    const dir = await laid(t, {})
    const { status, out, err } = await portico(['check', dir, '--fix', '--dry-run'])
    assert.equal(status, 1)
    assert.match(out, /^schema\.graphql:4:39 {2}usrs → users$/m)
    assert.match(err, /There is no service usrs in portico\.yaml\. Did you mean users\?/)
    assert.equal((await filesOf(dir)).schema, sdl)
    assert.equal((await portico(['check', dir, '--dry-run'])).status, 2)
  })

  it('writes nothing while a file does not parse', async (t) => {
    const dir = await laid(t, { 'operations/order.graphql': 'query Order {' })
    const { status, out } = await portico(['check', dir, '--fix'])
    assert.equal(status, 1)
    assert.doesNotMatch(out, /→/)
    assert.equal((await filesOf(dir)).schema, sdl)
  })

  it('leaves alone what may be meant in two ways, or is too short to tell', async (t) => {
    const schema = sound.replace('"users", get: "/users/{args.id}"', '"users", get: "/users/{args.d}"')
    const two = sound.replace('user(id: ID!)', 'user(ida: ID!, idb: ID!)').replace('{args.id}', '{args.idc}')
    for (const text of [schema, two]) {
      const dir = await laid(t, { 'schema.graphql': text })
      const { status, out, err } = await portico(['check', dir, '--fix'])
      assert.equal(status, 1)
      assert.match(err, /Did you mean/)
      assert.doesNotMatch(out, /→/)
      assert.equal((await filesOf(dir)).schema, text)
    }
  })

  it('stands in JSON and in SARIF for other programs', async (t) => {
    const dir = await laid(t, {})
    const { diagnostics } = JSON.parse((await portico(['check', dir, '--format', 'json'])).out) as Listed
    assert.deepEqual(diagnostics.find(({ code }) => code === 'PORTICO-101')?.fix, {
      file: 'schema.graphql',
      line: 4,
      column: 39,
      old: 'usrs',
      new: 'users',
    })
    const { runs } = JSON.parse((await portico(['check', dir, '--format', 'sarif'])).out) as Sarif
    assert.deepEqual(runs[0]?.results.find(({ ruleId }) => ruleId === 'PORTICO-101')?.fixes, [
      {
        description: { text: 'usrs → users' },
        artifactChanges: [
          {
            artifactLocation: { uri: 'schema.graphql' },
            replacements: [
              {
                deletedRegion: { startLine: 4, startColumn: 39, endLine: 4, endColumn: 43 },
                insertedContent: { text: 'users' },
              },
            ],
          },
        ],
      },
    ])
  })
})

type Listed = { readonly diagnostics: readonly { readonly code: string; readonly fix?: object }[] }
type Sarif = {
  readonly runs: readonly { readonly results: readonly { readonly ruleId: string; readonly fixes?: object }[] }[]
}

const workspace = `services:
  users: { rest: "http://127.0.0.1:1", identity: none }
  catalog: { grpc: "127.0.0.1:1", proto: shop.proto, identity: none }
bffs:
  # what phones see
  web: { prefix: /w, schema: schema.graphql, operations: operations/*.graphql }
`

// The ends of lines are of two kinds, as they are after a merge.
const sdl = `# what the shop sells
type Query {\r
  "Who asks; not usrs."\r
  user(id: ID!): User @rest(service: "usrs", get: "/user")   # usrs
  other(id: ID!):
    User @rest(service: "users",   get: "/users/{args.idd}")
  product(sku: String): Product
    @grpc(method: "shop.Catalog/GetProdct",
      request: { skuu: "{args.sku}" }, select: "prodct")
}
type User { name: String }
type Product { sku: String }
`

const sound = `type Query { user(id: ID!): User @rest(service: "users", get: "/users/{args.id}") }
type User { name: String }
`

const operation = 'query Order($id: ID!) @endpoint(get: "/order/{id}") { user(id: $id) { name\n} }\n'

const proto = `syntax = "proto3";
package shop;
service Catalog { rpc GetProduct (GetRequest) returns (GetAnswer) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetRequest { string sku = 1; }
message GetAnswer { Product product = 1; }
message Product { string sku = 1; }
`

async function laid(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': workspace,
    'schema.graphql': sdl,
    'protos/shop.proto': proto,
    'operations/order.graphql': operation,
    ...files,
  })
  t.after(remove)
  return dir
}

async function filesOf(dir: string) {
  const [yaml, schema, stored] = await Promise.all(
    ['portico.yaml', 'schema.graphql', 'operations/order.graphql'].map((file) => readFile(join(dir, file), 'utf8')),
  )
  return { yaml, schema, stored }
}
