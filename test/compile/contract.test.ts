import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { checkContracts, contractFiles } from '../../src/compile/contract.ts'
import { type Diagnostic, formatDiagnostics } from '../../src/kernel/diagnostic.ts'
import { type Files, layWorkspace } from '../support/gateway.ts'

const getItem = 'operations/item.graphql'
const addItem = 'operations/add.graphql'

const workspace = `services:
  shop: { rest: "http://127.0.0.1:1", identity: none }
bffs:
  m: { prefix: /m, schema: schema.graphql, operations: operations/*.graphql }
`
const schema = `type Query { item(id: ID!, brief: Boolean, most: Int): Item @rest(service: "shop", get: "/items/{args.id}?brief={args.brief}&most={args.most}") }
type Mutation { add(kind: Kind, note: String, size: Size): Item @rest(service: "shop", post: "/items", body: { kind: "{args.kind}", note: "{args.note}", size: "{args.size}" }) }
type Item { id: ID! name: String! kind: Kind }
enum Kind { NEW OLD }
input Size { width: Int }
`
const item =
  'query Item($id: ID!, $brief: Boolean! = false) @endpoint(get: "/items/{id}") { item(id: $id, brief: $brief) { id name } }\n'
const add =
  'mutation Add($kind: Kind, $note: String, $size: Size) @endpoint(post: "/items", unwrap: "add") { add(kind: $kind, note: $note, size: $size) { id } }\n'

describe('a contract', () => {
  it('is kept by what has not changed, and by what is only added', async () => {
    assert.deepEqual(await changes({}), [])
    const added = await changes({
      [getItem]: item
        .replace('id name', 'id name kind')
        .replace('$id: ID!', '$id: ID!, $most: Int')
        .replace('brief: $brief', 'brief: $brief, most: $most'),
      'operations/other.graphql': 'query Other @endpoint(get: "/other") { item(id: 1) { id } }\n',
    })
    assert.deepEqual(added, [])
  })

  for (const [change, files, said] of [
    [
      'an endpoint that is gone',
      { [getItem]: item.replace('/items', '/things') },
      'GET /items/{id} is gone, which clients of m may call',
    ],
    ['another method', { [addItem]: add.replace('post', 'put') }, 'POST /items is gone, which clients of m may call'],
    [
      'a field that is gone',
      { [getItem]: item.replace('id name', 'id') },
      'GET /items/{id}: the answer: item.name is gone',
    ],
    [
      'a field that may be absent',
      { [getItem]: item.replace('name', 'name @skip(if: $brief)') },
      'GET /items/{id}: the answer: item.name may be absent now',
    ],
    [
      'a value that may be null',
      { 'schema.graphql': schema.replace('name: String!', 'name: String') },
      'GET /items/{id}: the answer: item.name may be null now; it was string',
    ],
    [
      'a value of another type',
      { 'schema.graphql': schema.replace('name: String!', 'name: Int!') },
      'GET /items/{id}: the answer: item.name may be integer (int32) now; it was string',
    ],
    [
      'an answer in another form',
      { [getItem]: item.replace('get:', 'unwrap: "item", get:') },
      'GET /items/{id}: the answer: item is gone',
    ],
    [
      'another status',
      { [addItem]: add.replace('post:', 'status: 201, post:') },
      'POST /items: the status was 200; now it is 201',
    ],
    [
      'a parameter that is gone',
      { [getItem]: item.replace(', $brief: Boolean! = false', '').replace(', brief: $brief', '') },
      'GET /items/{id}: the parameter brief is no longer taken',
    ],
    [
      'a parameter that is required now',
      { [getItem]: item.replace(' = false', '') },
      'GET /items/{id}: the parameter brief is required now',
    ],
    [
      'a parameter of another type',
      { [getItem]: item.replace('$brief: Boolean! = false', '$brief: Int').replace('brief: $brief', 'most: $brief') },
      'GET /items/{id}: the parameter brief no longer takes boolean; now it is integer (int32)',
    ],
    [
      'a value that is no longer taken',
      { 'schema.graphql': schema.replace('NEW OLD', 'NEW') },
      'POST /items: the body: kind no longer takes OLD',
    ],
    [
      'a member that is required now',
      {
        'schema.graphql': schema.replace('note: String', 'note: String!'),
        [addItem]: add.replace('note: String', 'note: String!'),
      },
      'POST /items: the body: note is required now',
    ],
    [
      'a member that is no longer taken',
      { [addItem]: add.replace(', $size: Size', '').replace(', size: $size', '') },
      'POST /items: the body: size is no longer taken',
    ],
    [
      'a member of a member',
      { 'schema.graphql': schema.replace('width: Int', 'width: Int!') },
      'POST /items: the body: size.width no longer takes null; now it is integer (int32)',
    ],
    [
      'a token that is needed',
      {
        'portico.yaml': `${workspace.replace('operations:', 'auth: shoppers, operations:')}auth: { shoppers: { jwt: { issuer: "https://id.test", audience: a, secret: "0123456789012345678901234567890123" } } }\n`,
      },
      'GET /items/{id}: requests without a token no longer get in',
    ],
  ] as const)
    it(`is broken by ${change}`, async () => {
      const found = await changes(files)
      assert.ok(
        found.some(
          ({ severity, code, message }) =>
            severity === 'error' &&
            code === 'PORTICO-607' &&
            message === `${said}. Where that is meant, write the contract anew: portico openapi --contract.`,
        ),
        formatDiagnostics(found),
      )
    })

  it('is bent, not broken, by a further value of an enum in an answer', async () => {
    const files = { [getItem]: item.replace('id name', 'id name kind') }
    const found = await changes({ ...files, 'schema.graphql': schema.replace('NEW OLD', 'NEW OLD RARE') }, files)
    assert.deepEqual(
      found.map(({ severity, message }) => [severity, message.split('.', 3).slice(0, 2).join('.')]),
      [['warning', 'GET /items/{id}: the answer: item.kind may be RARE now; it was NEW, OLD']],
    )
  })

  it('points at the operation that answers now', async () => {
    const [found] = await changes({ [getItem]: `# An item.\n${item.replace('id name', 'id')}` })
    assert.deepEqual([found?.place.file, found?.place.line, found?.coordinate], [getItem, 2, 'Item'])
  })

  it('points at itself where nothing answers any more', async () => {
    const [found] = await changes({ [getItem]: item.replace('/items', '/things') })
    assert.equal(found?.place.file, 'contracts/m.json')
    assert.match(found.place.text, /"\/items\/\{id\}"/)
  })

  it('is refused where it is none', async () => {
    const [found] = await changes({ 'contracts/m.json': '[]' })
    assert.match(found?.message ?? '', /^This is no contract/)
  })
})

/** What breaks the contract of a workspace, once `changed` stands where `before` stood. */
const changes = async (changed: Files, before: Files = {}): Promise<readonly Diagnostic[]> => {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': workspace,
    'schema.graphql': schema,
    [getItem]: item,
    [addItem]: add,
    ...before,
  })
  try {
    await mkdir(join(dir, 'contracts'))
    for (const { file, text } of contractFiles(await planOf(dir))) await writeFile(join(dir, file), text)
    for (const [file, text] of Object.entries(changed)) await writeFile(join(dir, file), text)
    return checkContracts(await planOf(dir))
  } finally {
    await remove()
  }
}

const planOf = async (dir: string) => {
  const { plan, diagnostics } = await compileWorkspace(dir, {})
  assert.ok(plan, formatDiagnostics(diagnostics))
  return plan
}
