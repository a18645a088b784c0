import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { portico } from '../support/command.ts'
import { layWorkspace } from '../support/gateway.ts'
import { type Program, runPortico, runProgram } from '../support/process.ts'
import { temporaryShop } from '../support/workspace.ts'

describe('portico', () => {
  for (const command of ['start', 'dev', 'check', 'explain', 'routes', 'keys', 'register', 'scaffold', 'init'])
    it(`explains ${command} with an example`, async () => {
      const { status, out } = await portico([command, '--help'])
      assert.equal(status, 0)
      assert.match(out, new RegExp(`^Usage: portico ${command} `))
      assert.match(out, new RegExp(`Examples?:\\n +portico ${command}`))
    })

  it('lists its commands when none is given, and exits 2', async () => {
    const { status, err } = await runPortico([])
    assert.equal(status, 2)
    assert.match(err, /Commands:\n +start/)
  })

  for (const [args, said] of [
    [['strat'], /Did you mean start\?/],
    [['routes', '--jsn'], /Did you mean --json\?/],
    [['check', '.', 'more'], /too many arguments/],
    [['explain'], /missing required argument/],
    [['explain', 'GET /mobile/search', '--variables', '[]'], /Expected a JSON object/],
  ] as const)
    it(`exits 2 on \`portico ${args.join(' ')}\` and says what is wrong`, async () => {
      const run = args[0] === 'strat' ? runPortico : portico
      const { status, out, err } = await run(args)
      assert.deepEqual([status, out], [2, ''])
      assert.match(err, said)
    })

  it('prints its version', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
    assert.equal((await runPortico(['--version'])).out, `${version}\n`)
  })
})

describe('portico check', () => {
  it('says what it checked, and exits 0', async () => {
    assert.deepEqual(await runPortico(['check']), {
      status: 0,
      out: 'checked 5 services, 2 BFFs, 5 stored operations, 3 routes: no mistakes\n',
      err: '',
    })
  })

  it('prints every mistake of every file with its place, counts them and exits 1', async (t) => {
    const dir = await shopWith(t, async (file) => {
      await file('schema/mobile/search.graphql', (text) => text.replace('search(text', 'serch(text'))
      await file('schema/shop.graphql', (text) => text.replace('unitsSold: Int64!', 'unitsSold: Int!'))
    })
    const { status, out, err } = await runPortico(['check', dir])
    assert.equal(status, 1)
    assert.match(err, /^schema\/shop\.graphql:\d+:\d+ {2}Product\.unitsSold {2}PORTICO-308\n +unitsSold: Int!\n +\^ /m)
    assert.match(out, /^\d+ errors?\n$/)
  })

  it('exits 0 on warnings alone, and counts them', async (t) => {
    const dir = await shopWith(t, (file) =>
      file(
        'portico.yaml',
        (text) => `${text.trimEnd()}\n  - path: /mobile/legacy/*\n    service: users\n    auth: shoppers\n`,
      ),
    )
    const { status, out, err } = await portico(['check', dir])
    assert.equal(status, 0)
    assert.match(err, /\(warning\)/)
    assert.match(out, /4 routes: 1 warning\n$/)
  })

  it('says where there is no workspace', async (t) => {
    const dir = await empty(t)
    const { status, err } = await portico(['check', relative('.', dir)])
    assert.equal(status, 1)
    assert.ok(err.includes(`There is no readable portico.yaml in ${dir}. \`portico init\` lays a workspace`))
  })
})

describe('portico explain', () => {
  const dashboard = [
    "level 0  users GET /users?ids={keys.id|join(',')} (1 key)  ∥  orders GET /orders?customer={this.id}&limit={args.first} (starts with its parent)",
    'level 1  catalog shop.catalog.v1.Catalog/BatchGetProducts (≤ 15 keys)',
    'where fields lack  orders GET /orders/{keys.id} (≤ 3 calls)',
    'calls ≤ 6, 3 of them where fields lack · levels 2 · reads claims.sub, $orders, forwarded authorization · shareable per user',
  ]
  for (const args of [
    ['GET /mobile/my-dashboard'],
    ['GET', '/mobile/my-dashboard'],
    ['schema/mobile/my-dashboard.graphql'],
  ])
    it(`prints the plan of a stored operation named by ${args.map((arg) => `'${arg}'`).join(' ')}`, async () => {
      assert.deepEqual(await portico(['explain', ...args]), { status: 0, out: `${dashboard.join('\n')}\n`, err: '' })
    })

  it('takes the sizes of lists from the variables', async () => {
    const { out } = await portico(['explain', 'GET /mobile/my-dashboard', '--variables', '{"orders": 20}'])
    assert.match(out, /≤ 100 keys/)
  })

  it('plans a file that is no stored operation against the BFF it is told', async (t) => {
    const file = await query(t, '{ me { name } }')
    const { status, out } = await portico(['explain', file, '--bff', 'web'])
    assert.equal(status, 0)
    assert.match(
      out,
      /^level 0 {2}users GET .*\ncalls ≤ 1 · levels 1 · reads claims\.sub, forwarded authorization · shareable per user\n$/,
    )
  })

  it('plans with the given @skip and @include, and for the worst case without', async (t) => {
    const file = await query(t, 'query ($more: Boolean!) { me { name orders(first: 2) @include(if: $more) { id } } }')
    const explain = async (variables: string) =>
      (await portico(['explain', file, '--bff', 'web', '--variables', variables])).out
    assert.match(await explain('{"more": false}'), /calls ≤ 1 /)
    assert.match(await explain('{}'), /calls ≤ 2 /)
  })

  for (const [what, args, said] of [
    ['an address nothing is served at', ['GET /mobile/my-dashbord'], /Did you mean GET \/mobile\/my-dashboard\?/],
    ['a file that is not there', ['schema/mobile/serch.graphql'], /Did you mean schema\/mobile\/search\.graphql\?/],
  ] as const)
    it(`exits 1 on ${what}, with what was meant`, async () => {
      const { status, out, err } = await portico(['explain', ...args])
      assert.deepEqual([status, out], [1, ''])
      assert.match(err, said)
    })

  it('asks for the BFF where there are several, knows their names, and says what is wrong in the file', async (t) => {
    const file = await query(t, '{ me { nme } }')
    assert.match((await portico(['explain', file])).err, /--bff \(web, mobile\)/)
    assert.match((await portico(['explain', file, '--bff', 'wep'])).err, /Did you mean web\?/)
    assert.match(
      (await portico(['explain', file, '--bff', 'web'])).err,
      /^1:8 {2}Cannot query field "nme" on type "User"/,
    )
  })
})

describe('portico routes', () => {
  it('prints every address with who serves it and its policies in order, in columns', async () => {
    const { status, out } = await portico(['routes'])
    const lines = out.trimEnd().split('\n')
    assert.equal(status, 0)
    assert.equal(lines.length, 17)
    assert.match(
      out,
      /^GET,POST +\/web\/graphql +web {2}GraphQL +cors https:\/\/shop\.example → auth shoppers \(optional\) → rateLimit 600 in 1m by user → compression$/m,
    )
    assert.match(out, /^GET +\/mobile\/my-dashboard +mobile {2}schema\/mobile\/my-dashboard\.graphql +auth/m)
    assert.match(out, /^\* +\/users\/\* +proxy to users +auth shoppers → rateLimit 1000 in 1d by user$/m)
    assert.equal(new Set(lines.map((line) => line.indexOf(' /'))).size, 1)
  })

  it('prints who stands in for a service, who looks on and what is validated', async (t) => {
    const { dir, remove } = await layWorkspace({
      'portico.yaml': `services:
  new: { rest: http://127.0.0.1:1, identity: none }
  old: { rest: http://127.0.0.1:2, identity: none, openapi: old.yaml }
routes:
  - { path: /c, service: old, validate: true }
  - { path: /a, service: new, fallback: { service: old, stale: 5m, respond: { status: 503 } } }
  - { path: /b, service: old, mirror: { service: new, share: 2.5% } }
`,
      'old.yaml': 'openapi: 3.1.0\npaths: { /c: { get: {} } }\n',
    })
    t.after(remove)
    const { out } = await portico(['routes', dir])
    assert.match(out, /proxy to old, validated +open$/m)
    assert.match(out, /proxy to new, else old, stale 5m, 503 +open$/m)
    assert.match(out, /proxy to old, 2\.5% mirrored to new +open$/m)
  })

  it('prints the parts of a service beside its name, whatever is asked of it', async (t) => {
    const { dir, remove } = await layWorkspace({
      'portico.yaml': `services:
  users:
    rest: [{ url: http://127.0.0.1:1, part: old }, { url: http://127.0.0.1:2, part: new }]
    identity: none
    split: [{ name: old, weight: 3 }, { name: new }]
  words:
    grpc: [{ address: 127.0.0.1:1, part: blue }, { address: 127.0.0.1:2, part: green }]
    proto: words.proto
    identity: none
    split: [{ name: blue }, { name: green }]
    active: green
routes:
  - { path: /users/*, service: users }
  - { path: /w.Words/*, service: words }
  - { path: /api/*, transcode: words }
`,
      'protos/words.proto': 'syntax = "proto3"; package w; service Words { rpc Get(Id) returns (Id); } message Id {}',
    })
    t.after(remove)
    const { out } = await portico(['routes', dir])
    assert.match(out, /proxy to users \(old 3, new 1\) +open$/m)
    assert.match(out, /gRPC to words \(blue, green \(active\)\) +open$/m)
    assert.match(out, /words \(blue, green \(active\)\) {2}w\.Words\/Get +open$/m)
    const explained = await portico(['routes', dir, '--explain', 'GET /users/1'])
    assert.match(explained.out, /^→ \/users\/\* {2}proxy to users \(old 3, new 1\)$/m)
  })

  it('prints the same as JSON', async () => {
    const listed = JSON.parse((await portico(['routes', '--json'])).out) as { address: string; policies: string[] }[]
    assert.deepEqual(listed.find(({ address }) => address === '/users/*')?.policies, [
      'auth shoppers',
      'rateLimit 1000 in 1d by user',
    ])
  })
})

describe('portico init', () => {
  it('lays a workspace that checks', async (t) => {
    const dir = join(await empty(t), 'hello')
    const { status, out } = await portico(['init', dir])
    assert.equal(status, 0)
    assert.match(out, /^Next: node /m)
    assert.match((await portico(['check', dir])).out, /: no mistakes\n$/)
  })

  it('lays a workspace that serves its own service', async (t) => {
    const dir = await empty(t)
    await portico(['init', dir])
    const run = (program: Program): Program => {
      t.after(() => program.child.kill('SIGKILL'))
      return program
    }
    const greeter = run(runProgram('greeter.mjs', [], { root: dir, env: { PORT: '0' } }))
    const [, service = ''] = await greeter.wrote(/(http:\S+)/)
    const env = { GREETER_URL: service, PORTICO_LISTEN: '127.0.0.1:0' }
    const [, url = ''] = await run(runProgram('src/main.ts', ['start', dir], { env })).wrote(/"listen":"([^"]+)"/)
    const greeting = await fetch(`${url}/mobile/greetings/Ada`)
    assert.deepEqual([greeting.status, await greeting.json()], [200, { text: 'Hello, Ada!' }])
    const passedOn = await fetch(`${url}/greetings/Ada`)
    assert.deepEqual(await passedOn.json(), { text: 'Hello, Ada!', letter_count: 3 })
  })

  it('overwrites nothing, and names what is there', async (t) => {
    const dir = await empty(t)
    await writeFile(join(dir, 'portico.yaml'), 'mine')
    const { status, err } = await portico(['init', dir])
    assert.equal(status, 1)
    assert.match(err, /^portico\.yaml is there already/)
    assert.equal(await readFile(join(dir, 'portico.yaml'), 'utf8'), 'mine')
    assert.equal(existsSync(join(dir, 'schema')), false)
  })
})

type Change = (file: string, change: (text: string) => string) => Promise<void>

const shopWith = async (t: TestContext, make: (change: Change) => Promise<void>): Promise<string> => {
  const { dir, remove } = await temporaryShop()
  t.after(remove)
  await make(async (file, change) => {
    const before = await readFile(join(dir, file), 'utf8')
    const after = change(before)
    assert.notEqual(after, before)
    await writeFile(join(dir, file), after)
  })
  return dir
}

const empty = async (t: TestContext): Promise<string> => {
  const { dir, remove } = await layWorkspace({})
  t.after(remove)
  return dir
}

const query = async (t: TestContext, text: string): Promise<string> => {
  const file = join(await empty(t), 'query.graphql')
  await writeFile(file, text)
  return file
}
