import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { portico } from '../support/command.ts'
import { layWorkspace } from '../support/gateway.ts'

describe('portico check --format', () => {
  it('prints one JSON object with every mistake in order, and exits 1 on errors', async (t) => {
    const { status, out, err } = await portico(['check', await mistaken(t), '--format', 'json'])
    assert.deepEqual([status, err], [1, ''])
    assert.deepEqual(JSON.parse(out), {
      errors: 1,
      warnings: 1,
      diagnostics: [
        {
          code: 'PORTICO-103',
          severity: 'error',
          file: 'a schema.graphql',
          line: 2,
          column: 3,
          coordinate: 'Query.a',
          message: 'Query.a has no source: add @rest, @grpc, @load or @resolver.',
        },
        {
          code: 'PORTICO-502',
          severity: 'warning',
          file: 'a schema.graphql',
          line: 3,
          column: 50,
          coordinate: 'Query.b',
          message:
            "{args.id} stands in the path and may be absent; then the request is refused, since a path cannot leave a segment out. Make the argument non-null, give it a default, or write {args.id ?? '…'}.",
        },
      ],
    })
  })

  it('prints a SARIF 2.1.0 log whose results point at rules, files and lines', async (t) => {
    const { status, out } = await portico(['check', await mistaken(t), '--format', 'sarif'])
    assert.equal(status, 1)
    const { version, runs } = JSON.parse(out) as Sarif
    assert.equal(version, '2.1.0')
    const [run] = runs
    assert.deepEqual(
      run?.tool.driver.rules.map(({ id }) => id),
      ['PORTICO-103', 'PORTICO-502'],
    )
    assert.deepEqual(
      run?.results.map(({ ruleId, ruleIndex, level, locations }) => ({ ruleId, ruleIndex, level, locations })),
      [
        {
          ruleId: 'PORTICO-103',
          ruleIndex: 0,
          level: 'error',
          locations: [locationAt('Query.a', { startLine: 2, startColumn: 3 })],
        },
        {
          ruleId: 'PORTICO-502',
          ruleIndex: 1,
          level: 'warning',
          locations: [locationAt('Query.b', { startLine: 3, startColumn: 50 })],
        },
      ],
    )
  })

  it('is text, json or sarif', async () => {
    const { status, err } = await portico(['check', '--format', 'xml'])
    assert.equal(status, 2)
    assert.match(err, /Allowed choices are text, json, sarif/)
  })
})

describe('portico check --explain', () => {
  for (const code of ['PORTICO-401', 'portico-401', '401'])
    it(`takes ${code}, and tells severity, cause and the way to mend it`, async () => {
      const { status, out } = await portico(['check', '--explain', code])
      assert.equal(status, 0)
      assert.match(out, /^PORTICO-401 {2}One call for each item of a list {2}\(error\)\n\nA binding is reached under/)
      assert.match(out, /`fanout: n` for at most n calls\.\n$/)
    })

  it('exits 2 on a code that there is not', async () => {
    const { status, out, err } = await portico(['check', '--explain', 'PORTICO-41'])
    assert.deepEqual([status, out], [2, ''])
    assert.match(err, /^There is no code PORTICO-41\. Did you mean PORTICO-\d+\?\n$/)
  })
})

describe('portico check --against', () => {
  it('tells changes of protos that break clients of the workspace as it was, and exits 1', async (t) => {
    const [was, now] = [await withProto(t, 'string'), await withProto(t, 'int32')]
    const { status, err } = await portico(['check', now, '--against', was])
    assert.equal(status, 1)
    assert.match(
      err,
      /^protos\/a\.proto:4:\d+ {2}a\.Q\.id {2}PORTICO-807\n[^]* It was string id = 1 \(.*\/protos\/a\.proto:4:/,
    )
    assert.equal((await portico(['check', was, '--against', was])).status, 0)
  })

  it('exits 2 where there is no workspace to compare with', async (t) => {
    const { status, err } = await portico(['check', await withProto(t, 'string'), '--against', '/nowhere'])
    assert.deepEqual([status, err], [2, 'There is no portico.yaml in /nowhere, so nothing can be compared with it.\n'])
  })
})

describe('portico check, of what no schema tells', () => {
  it('says PORTICO-001 where there is no workspace', async () => {
    const { status, err } = await portico(['check', 'test/cli'])
    assert.equal(status, 1)
    assert.match(err, /^portico\.yaml:1:1 {2}workspace {2}PORTICO-001\n.*`portico init` lays a workspace\.$/m)
  })

  it('says PORTICO-020 where a registration cannot be done', async (t) => {
    const { status, err } = await portico(['register', 'more', '--dir', await mistaken(t)])
    assert.equal(status, 1)
    assert.match(err, /PORTICO-020\n.*A new service needs its (address|definitions)/)
  })

  it('loads functions as a start would: PORTICO-021 where one is not there', async (t) => {
    const dir = await withFunctions(t, 'export const resolvers = { shon: { resolveMany: () => [] } }')
    const { status, err } = await portico(['check', dir])
    assert.equal(status, 1)
    assert.match(
      err,
      /^shown\.ts:1:1 {2}web {2}PORTICO-021\n {4}shown\.ts has no function shown, .* Did you mean shon\?$/m,
    )
  })

  it('loads functions as a start would: PORTICO-021 where the module does not load', async (t) => {
    const { status, err } = await portico(['check', await withFunctions(t, 'throw new Error("no database")')])
    assert.equal(status, 1)
    assert.match(err, /PORTICO-021\n {4}no database/)
  })

  it('warns by PORTICO-406 of a function that runs once for each item of a list', async (t) => {
    const dir = await withFunctions(t, 'export const resolvers = { shown: ({ name }) => name }')
    const { status, err } = await portico(['check', dir])
    assert.equal(status, 0)
    assert.match(
      err,
      /^schema\.graphql:2:26 {2}User\.shown {2}PORTICO-406 {2}\(warning\)\n.*\n +\^ The function shown of User\.shown runs once for each item of Query\.users: give it `resolveMany`/m,
    )
    const many = 'export const resolvers = { shown: { resolveMany: (users) => users.map(({ name }) => name) } }'
    assert.equal((await portico(['check', await withFunctions(t, many)])).err, '')
  })
})

describe('portico check, of large and of empty files', () => {
  it('shows a hundred mistakes and says how many more there are', async (t) => {
    const fields = Array.from({ length: 130 }, (_, index) => `  a${index}: String`).join('\n')
    const { status, err } = await portico(['check', await withSchema(t, `type Query {\n${fields}\n}\n`)])
    assert.equal(status, 1)
    assert.equal([...err.matchAll(/PORTICO-103/g)].length, 100)
    assert.match(err, /^… and 30 more; `portico check --format json` lists them all\.$/m)
  })

  it('cuts a long line to what stands around the mistake, with the caret below it', async (t) => {
    const fields = Array.from({ length: 99 }, (_, index) => `a${index}: String @rest(service: "users", get: "/a")`)
    const { err } = await portico(['check', await withSchema(t, `type Query { ${fields.join(' ')} zz: String }`)])
    const [, line = '', caret = ''] = err.split('\n')
    assert.ok(line.length < 220 && line.trimStart().startsWith('…'))
    assert.equal(line.slice(caret.indexOf('^')), 'zz: String }')
  })

  it('says of a file without definitions that it is empty', async (t) => {
    const { err } = await portico(['check', await withSchema(t, '# later\n')])
    assert.match(err, /The file defines nothing: write types into it, or do not name it\./)
  })

  it('follows six thousand types in a ring', async (t) => {
    const types = Array.from({ length: 6_000 }, (_, index) => `type T${index} { next: T${(index + 1) % 6_000} }`)
    const root = 'type Query { t: T0 @rest(service: "users", get: "/t") }\n'
    const { status, err } = await portico(['check', await withSchema(t, root + types.join('\n'))])
    assert.deepEqual([status, err], [0, ''])
  })
})

type Sarif = {
  readonly version: string
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } }
    readonly results: readonly {
      readonly ruleId: string
      readonly ruleIndex: number
      readonly level: string
      readonly locations: readonly unknown[]
    }[]
  }[]
}

function locationAt(fullyQualifiedName: string, region: Readonly<Record<string, number>>): object {
  return {
    physicalLocation: { artifactLocation: { uri: 'a%20schema.graphql' }, region },
    logicalLocations: [{ fullyQualifiedName }],
  }
}

async function mistaken(t: TestContext): Promise<string> {
  const { dir, remove } = await layWorkspace({
    'portico.yaml':
      'services:\n  users: { rest: "http://127.0.0.1:1", identity: none }\nbffs:\n  web: { prefix: /web, schema: a schema.graphql }\n',
    'a schema.graphql':
      'type Query {\n  a: String\n  b(id: ID): String @rest(service: "users", get: "/b/{args.id}")\n}\n',
  })
  t.after(remove)
  return dir
}

async function withFunctions(t: TestContext, module: string): Promise<string> {
  const { dir, remove } = await layWorkspace({
    'portico.yaml':
      'services:\n  users: { rest: "http://127.0.0.1:1", identity: none }\nbffs:\n  web: { prefix: /web, schema: schema.graphql, resolvers: shown.ts }\n',
    'schema.graphql':
      'type Query { users: [User] @rest(service: "users", get: "/users") @listSize(assumedSize: 9) }\ntype User { name: String shown: String @resolver(fn: "shown", needs: "name") }\n',
    'shown.ts': module,
  })
  t.after(remove)
  return dir
}

async function withSchema(t: TestContext, schema: string): Promise<string> {
  const { dir, remove } = await layWorkspace({
    'portico.yaml':
      'services:\n  users: { rest: "http://127.0.0.1:1", identity: none }\nbffs:\n  web: { prefix: /web, schema: schema.graphql }\n',
    'schema.graphql': schema,
  })
  t.after(remove)
  return dir
}

async function withProto(t: TestContext, type: string): Promise<string> {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': 'services:\n  a: { grpc: "127.0.0.1:1", proto: a.proto, identity: none }\n',
    'protos/a.proto': `syntax = "proto3";\npackage a;\nservice S { rpc Get(Q) returns (Q); }\nmessage Q { ${type} id = 1; }\n`,
  })
  t.after(remove)
  return dir
}
