import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { portico } from '../support/command.ts'
import { type Files, layWorkspace } from '../support/gateway.ts'

describe('portico check --probe', () => {
  it('finds nothing where services answer what the schema says', async (t) => {
    const { check } = await probed(t, {
      schema:
        'type Query { user(id: ID = "u-1"): User @rest(service: "users", get: "/users/{args.id}") }\ntype User { id: ID! age: Int }',
      answers: { '/users/u-1': { id: 'u-1', age: 41 } },
    })
    const { status, err } = await check()
    assert.equal(status, 0)
    assert.match(err, /^asked {4}Query\.user {2}users GET \/users\/u-1 {2}\d+ ms\n$/)
  })

  it('tells fields that never came, nulls, other types and unknown enum values, each at its place in the SDL', async (t) => {
    const { check } = await probed(t, {
      schema: `type Query { users: [User!] @rest(service: "users", get: "/users") @listSize(assumedSize: 9) }
type User {
  id: ID!
  nam: String
  age: Int
  tags: [String!]
  address: Address
  home: String
  email: String!
  kind: Kind
}
type Address { city: String }
enum Kind { A B }`,
      answers: {
        '/users': [
          {
            id: 'u-1',
            name: 'Ann',
            age: '41',
            tags: 'x',
            address: 'Rome',
            home: { city: 'Rome' },
            email: null,
            kind: 'C',
          },
        ],
      },
    })
    const { status, err } = await check('--format', 'json')
    const { out } = await check('--format', 'json')
    assert.equal(status, 1)
    assert.match(err, /^asked/)
    const { diagnostics } = JSON.parse(out) as { diagnostics: { code: string; line: number; message: string }[] }
    assert.deepEqual(
      diagnostics.map(({ code, line, message }) => `${code} ${line} ${message}`),
      [
        'PORTICO-951 4 User.nam was in none of 1 answered object: name the field of the service by @from(path: "…"), or remove it.',
        'PORTICO-956 5 User.age is Int, but its value was a text, which is converted as long as it can be.',
        'PORTICO-953 6 User.tags is [String!], but its value was a text.',
        'PORTICO-953 7 User.address is Address, but its value was a text.',
        'PORTICO-953 8 User.home is String, but its value was an object with city.',
        'PORTICO-952 9 User.email is non-null, but its value was null.',
        'PORTICO-954 10 User.kind was "C", which Kind has no value for; map it by @from(enum: ["…"]), or "*" for all others.',
      ],
    )
  })

  it('asks further with what was answered: children by their parents, loaders by keys', async (t) => {
    const { check, asked } = await probed(t, {
      schema: `type Query { posts: [Post!] @rest(service: "users", get: "/posts") @listSize(assumedSize: 9) }
type Post {
  id: ID!
  by: ID! @internal
  author: User @load(by: { id: "{this.by}" })
  comments: [Comment!] @rest(service: "users", get: "/comments?posts={keys.id}", batch: { match: "post" }) @listSize(assumedSize: 9)
}
type Comment { post: ID! text: String }
type User @entity(key: "id") @rest(service: "users", get: "/users?ids={keys.id}", batch: { match: "id" }) { id: ID! name: String! }`,
      answers: {
        '/posts': [{ id: 'p-1', by: 'u-7' }],
        '/comments?posts=p-1': [{ post: 'p-1', text: 'good' }],
        '/users?ids=u-7': [
          { id: 'u-7', name: { first: 'Ann' } },
          { id: 'u-8', name: 'other' },
        ],
      },
    })
    const { status, err } = await check()
    assert.equal(status, 1)
    assert.deepEqual(asked(), ['GET /posts', 'GET /comments?posts=p-1', 'GET /users?ids=u-7'])
    assert.match(err, /User\.name {2}PORTICO-953\n.*\n.*User\.name is String, but its value was an object with first\./)
    assert.match(err, /PORTICO-955 {2}\(warning\)\n.*\n.*asked for 1 key and answered 1 more/)
  })

  it('never asks what may change something, and says what it skipped and why', async (t) => {
    const { check, asked } = await probed(t, {
      schema: `type Query {
  user(id: ID!): String @rest(service: "users", get: "/users/{args.id}")
  found: String @rest(service: "users", post: "/search")
  mine: String @rest(service: "users", get: "/users/{claims.sub}")
}
type Mutation { add: String @rest(service: "users", post: "/users") touch: String @rest(service: "users", get: "/touch") }`,
      answers: {},
    })
    const { status, err } = await check()
    assert.equal(status, 0)
    assert.deepEqual(asked(), [])
    assert.match(err, /^skipped {2}Query\.user: it needs a value of Query\.user\(id:\); give one by --sample\.$/m)
    assert.match(err, /^skipped {2}Query\.found: POST may change something\.$/m)
    assert.match(err, /^skipped {2}Query\.mine: .*claims\.sub/m)
    assert.match(err, /^skipped {2}Mutation\.add: POST may change something\.$/m)
    assert.match(err, /^skipped {2}Mutation\.touch: GET may change something\.$/m)
  })

  it('takes values by coordinate from a file, and gives the token to services with identity: forward alone', async (t) => {
    const { check, asked, tokens } = await probed(t, {
      schema:
        'type Query { a(id: ID!): String @rest(service: "users", get: "/a/{args.id}") b(id: ID!): String @rest(service: "known", get: "/b/{args.id}") }',
      answers: { '/a/7': 'x', '/b/9': 'y' },
      files: { 'samples.json': '{"Query.a(id:)": "7", "id": "9"}' },
    })
    const { status } = await check('--sample', 'samples.json', '--header', 'Authorization: Bearer secret')
    assert.equal(status, 0)
    assert.deepEqual(asked(), ['GET /a/7', 'GET /b/9'])
    assert.deepEqual(tokens(), [undefined, 'Bearer secret'])
  })

  it('says PORTICO-950 where a service cannot be asked', async (t) => {
    const { check } = await probed(t, {
      schema: 'type Query { a: String @rest(service: "gone", get: "/a") }',
      answers: {},
    })
    const { status, err } = await check()
    assert.equal(status, 1)
    assert.match(err, /^failed {3}Query\.a {2}gone GET \/a {2}UNAVAILABLE$/m)
    assert.match(err, /Query\.a {2}PORTICO-950\n/)
  })

  it('exits 2 where the file of samples or a header cannot be read', async (t) => {
    const { check } = await probed(t, {
      schema: 'type Query { a: String @rest(service: "users", get: "/a") }',
      answers: {},
    })
    assert.match((await check('--sample', 'none.json')).err, /none\.json cannot be read as JSON/)
    assert.equal((await check('--header', 'authorization')).status, 2)
  })
})

type Probed = { readonly schema: string; readonly answers: Readonly<Record<string, unknown>>; readonly files?: Files }

async function probed(t: TestContext, { schema, answers, files = {} }: Probed) {
  const seen: { line: string; token: string | undefined }[] = []
  const server = createServer((request, response) => {
    const url = request.url ?? ''
    seen.push({ line: `${request.method} ${url}`, token: request.headers.authorization })
    response.statusCode = Object.hasOwn(answers, url) ? 200 : 500
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answers[url] ?? null))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `services:
  users: { rest: "${url}", identity: none }
  known: { rest: "${url}", identity: forward }
  gone: { rest: "http://127.0.0.1:1", identity: none }
bffs:
  web: { prefix: /web, schema: schema.graphql }
`,
    'schema.graphql': schema,
    ...files,
  })
  t.after(remove)
  return {
    asked: () => seen.map(({ line }) => line),
    tokens: () => seen.map(({ token }) => token),
    check: (...args: readonly string[]) =>
      portico(['check', dir, '--probe', ...args.map((arg) => (Object.hasOwn(files, arg) ? `${dir}/${arg}` : arg))]),
  }
}
