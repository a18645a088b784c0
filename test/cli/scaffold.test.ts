import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { portico } from '../support/command.ts'
import { layWorkspace } from '../support/gateway.ts'

describe('portico scaffold', () => {
  it('prints SDL with bindings and entities, and says what is still to be done', async (t) => {
    const { status, out, err } = await portico(['scaffold', 'app', '--from', 'shop', '--dir', await workspace(t)])
    assert.equal(status, 0)
    assert.equal(
      out,
      `# Written by \`portico scaffold app --from shop\` from the protos of shop; yours to edit.

type Query {
  getItem(id: ID!): Item @load(by: { id: "{args.id}" })
}

"What is sold."
type Item
  @entity(key: "id")
  @grpc(service: "shop", method: "shop.v1.Shop/BatchGetItems", request: { ids: "{keys.id}" }, select: "items", batch: { match: "id" })
{
  id: ID!
  name: String!
}

# shop.v1.Shop/BatchGetItems has no field of its own: it loads Item.
`,
    )
    assert.equal(err, 'There is no BFF app in portico.yaml yet: bffs: { app: { prefix: /app, schema: <the file> } }.\n')
  })

  it('writes what `portico check` finds nothing wrong with, and overwrites nothing', async (t) => {
    const dir = await workspace(t)
    const args = ['scaffold', 'app', '--from', 'shop', '--dir', dir, '--write', 'schema/app.graphql']
    const { status, out } = await portico(args)
    assert.deepEqual([status, out], [0, 'wrote schema/app.graphql; bffs.app.schema names it, or should\n'])
    const yaml = join(dir, 'portico.yaml')
    await writeFile(yaml, `${await readFile(yaml, 'utf8')}  app: { prefix: /app, schema: schema/app.graphql }\n`)
    assert.match((await portico(['check', dir])).out, /2 BFFs, .*: no mistakes\n$/)
    assert.deepEqual(await portico(args), {
      status: 1,
      out: '',
      err: 'schema/app.graphql is there already; nothing was written.\n',
    })
  })

  it('extends what the BFF has, and tells names that meet', async (t) => {
    const dir = await workspace(t)
    const { out, err } = await portico(['scaffold', 'web', '--from', 'shop', '--dir', dir])
    assert.match(out, /^extend type Query \{/m)
    assert.equal(err, 'web has Item already: keep one of each, or set these apart by --prefix.\n')
    const apart = await portico(['scaffold', 'web', '--from', 'shop', '--dir', dir, '--prefix', 'shop'])
    assert.match(apart.out, /shopGetItem\(id: ID!\): ShopItem/)
    assert.equal(apart.err, '')
  })

  it('writes what takes the place of `expose`, and says where to take it out', async (t) => {
    const dir = await workspace(t)
    const yaml = join(dir, 'portico.yaml')
    await writeFile(yaml, yamlOf('expose: shop'))
    const { out, err } = await portico(['scaffold', 'web', '--from', 'shop', '--dir', dir, '--write', 'shop.graphql'])
    assert.match(out, /^wrote shop\.graphql/)
    assert.equal(err, 'web shows shop by `expose`: take it out there where `schema` names the file.\n')
    assert.match(await readFile(join(dir, 'shop.graphql'), 'utf8'), /^type Query \{/m)
    await writeFile(yaml, yamlOf('schema: shop.graphql'))
    assert.match((await portico(['check', dir])).out, /: no mistakes\n$/)
  })

  it('works before the file that the BFF names is there', async (t) => {
    const dir = await workspace(t)
    await writeFile(join(dir, 'portico.yaml'), yamlOf('schema: schema/none.graphql'))
    const { status, out } = await portico(['scaffold', 'web', '--from', 'shop', '--dir', dir, '--methods', 'Get*'])
    assert.equal(status, 0)
    assert.match(out, /^type Query \{\n {2}getItem\(id: String\): Item/m)
  })

  for (const [from, said] of [
    ['shp', 'There is no service shp in portico.yaml, or it is not sound. Did you mean shop?\n'],
    ['plain', 'plain speaks REST; only a gRPC service says by itself what it can do.\n'],
  ] as const)
    it(`exits 1 on --from ${from}: ${said.trim()}`, async (t) => {
      const args = ['scaffold', 'web', '--from', from, '--dir', await workspace(t)]
      assert.deepEqual(await portico(args), { status: 1, out: '', err: said })
    })
})

const yamlOf = (schema: string): string => `listen: 127.0.0.1:0
services:
  shop: { grpc: 127.0.0.1:1, proto: shop.proto, identity: none }
  plain: { rest: "http://127.0.0.1:1", identity: none }
bffs:
  web: { prefix: /web, ${schema} }
`

/** A workspace with a gRPC service and a BFF that has a schema of its own. */
async function workspace(t: TestContext): Promise<string> {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': yamlOf('schema: web.graphql'),
    'web.graphql': 'type Query { item: Item @rest(service: "plain", get: "/") }\ntype Item { id: ID! }\n',
    'protos/shop.proto': `syntax = "proto3";
package shop.v1;
service Shop {
  rpc GetItem(GetItemRequest) returns (Item);
  rpc BatchGetItems(BatchGetItemsRequest) returns (BatchGetItemsResponse);
}
message GetItemRequest { string id = 1; }
message BatchGetItemsRequest { repeated string ids = 1; }
message BatchGetItemsResponse { repeated Item items = 1; }
// What is sold.
message Item { string id = 1; string name = 2; }
`,
  })
  t.after(remove)
  return dir
}
