import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { runProgram } from '../../src/cli/program.ts'
import { descriptorSetOf } from '../support/descriptor-set.ts'
import { type Files, layWorkspace } from '../support/gateway.ts'
import { startReflectingServer } from '../support/reflecting-server.ts'

describe('portico register', () => {
  it('makes a workspace where there is none, which serves the service as REST and GraphQL', async (t) => {
    const { at, register } = await ground(t, { 'library.proto': library })
    const { exit, out, err } = await register('library', '--target', '127.0.0.1:1', '--proto', at('library.proto'))
    assert.deepEqual([exit, err], [0, ''])
    assert.equal(
      await readFile(at('gateway/portico.yaml'), 'utf8'),
      `listen: \${PORTICO_LISTEN:-127.0.0.1:8080}

services:
  library:
    grpc: 127.0.0.1:1
    proto: library.proto
    identity: none

bffs:
  web:
    prefix: /web
    expose: library

routes:
  - path: /api/*
    transcode: library
`,
    )
    assert.equal(await readFile(at('gateway/protos/library.proto'), 'utf8'), library)
    assert.match(out, /identity: none, so library learns nothing of the caller/)
    assert.equal((await run('check', at('gateway'))).exit, 0)
  })

  it('prints what appears, each with its reason, and what to try', async (t) => {
    const { at, register } = await ground(t, { 'library.proto': library })
    const { out } = await register('library', '--target', '127.0.0.1:1', '--proto', at('library.proto'))
    const shown = out.slice(out.indexOf('GraphQL')).replaceAll(at('gateway'), 'gateway')
    assert.equal(
      shown,
      `GraphQL of web, at /web/graphql
  Query         getBook     library.v1.Library/GetBook     is reached by GET
  Query         listBooks   library.v1.Library/ListBooks   has no side effects
  Mutation      lendBook    library.v1.Library/LendBook    says nowhere that it only reads
  Subscription  watchBooks  library.v1.Library/WatchBooks  streams its answers
  library.v1.Library/ImportBooks is not shown: it takes a stream of requests, and a GraphQL field sends one.

REST below /api/*
  GET   /api/v1/books/{id}                   library.v1.Library/GetBook      google.api.http
  POST  /api/library.v1.Library/ListBooks    library.v1.Library/ListBooks    no annotation
  GET   /api/library.v1.Library/ListBooks    library.v1.Library/ListBooks    no annotation
  POST  /api/library.v1.Library/LendBook     library.v1.Library/LendBook     no annotation
  POST  /api/library.v1.Library/WatchBooks   library.v1.Library/WatchBooks   no annotation, streams (SSE or NDJSON)
  POST  /api/library.v1.Library/ImportBooks  library.v1.Library/ImportBooks  no annotation, takes a stream

Next:
  portico dev gateway
  curl http://127.0.0.1:8080/api/library.v1.Library/ListBooks
  curl http://127.0.0.1:8080/web/graphql -H 'content-type: application/json' -d '{"query":"{ listBooks { books { id title loans } } }"}'
`,
    )
  })

  it('adds to a workspace without touching another line of portico.yaml', async (t) => {
    const { at, register } = await ground(t, { 'library.proto': library, ...commented })
    const { exit } = await register(
      ...words('library --target ${LIBRARY:-127.0.0.1:1} --identity forward --expose web --route /api/* --proto'),
      at('library.proto'),
    )
    assert.equal(exit, 0)
    assert.equal(
      await readFile(at('gateway/portico.yaml'), 'utf8'),
      (commented['gateway/portico.yaml'] ?? '')
        .replace(
          '    # timeout: 1s\n',
          '    # timeout: 1s\n  library:\n    grpc: ${LIBRARY:-127.0.0.1:1}\n    proto: library.proto\n    identity: forward\n',
        )
        .replace('schema: schema.graphql   # by hand\n', 'schema: schema.graphql   # by hand\n    expose: library\n')
        .replace(
          'service: "words" }   # all\n',
          'service: "words" }   # all\n  - path: /api/*\n    transcode: library\n',
        ),
    )
  })

  it('says how to serve it where nothing shows it yet', async (t) => {
    const { at, register } = await ground(t, { 'library.proto': library, ...commented })
    const { out } = await register('library', '--target', '127.0.0.1:1', '--proto', at('library.proto'))
    assert.match(out, /^GraphQL, once a BFF shows it \(--expose <bff>\)$/m)
    assert.match(out, /^REST, once a route serves it \(--route \/api\/\*\)\n {2}GET +\/v1\/books\/\{id\}/m)
  })

  it('copies what is outside of the workspace under its import path, with its imports', async (t) => {
    const { at, register } = await ground(t, {
      'apis/library/v1/library.proto': library.replace(
        'import "google/api/annotations.proto";',
        'import "google/api/annotations.proto"; import "common/money.proto"; import "common/kept.proto";',
      ),
      'more/common/money.proto':
        'syntax = "proto3"; package common; import "common/deep.proto"; message Money { Deep deep = 1; }',
      'more/common/deep.proto': 'syntax = "proto3"; package common; message Deep {}',
      'gateway/protos/common/kept.proto': 'syntax = "proto3"; package common; message Kept {}',
    })
    const { exit, out } = await register(
      ...words('library --target 127.0.0.1:1 --proto'),
      at('apis/library/v1/library.proto'),
      '--include',
      at('more'),
    )
    assert.equal(exit, 0)
    const wrote = [...out.matchAll(/^wrote \S+gateway\/(\S+)/gm)].map(([, file]) => file)
    assert.deepEqual(wrote, [
      'protos/library/v1/library.proto',
      'protos/common/money.proto',
      'protos/common/deep.proto',
      'portico.yaml',
    ])
    assert.match(await readFile(at('gateway/portico.yaml'), 'utf8'), /proto: library\/v1\/library\.proto/)
  })

  it('finds a file by its import path below an --include, as protoc does', async (t) => {
    const { at, register } = await ground(t, { 'apis/library/v1/library.proto': library })
    const file = 'library/v1/library.proto'
    const found = await register(...words(`library --target 127.0.0.1:1 --proto ${file} --include`), at('apis'))
    assert.deepEqual([found.exit, found.err], [0, ''])
    assert.match(found.out, /^wrote \S+gateway\/protos\/library\/v1\/library\.proto {2}\(from /m)
    const { err } = await register(...words('library --proto library/v2.proto --include'), at('apis'))
    assert.ok(err.includes(`neither here nor under protos/ of the workspace, ${at('apis')}.`), err)
  })

  it('says where an import stands that is nowhere, where it was looked for, and which is meant', async (t) => {
    const { at, register } = await ground(t, {
      'apis/shop/v1/shop.proto': `syntax = "proto3";
package shop.v1;
import "shop/v1/comon.proto";
message A {}
`,
      'apis/shop/v1/common.proto': 'syntax = "proto3"; package shop.v1; message B {}',
    })
    const { exit, err } = await register('shop', '--target', 'a:1', '--proto', at('apis/shop/v1/shop.proto'))
    assert.equal(exit, 1)
    assert.match(
      err,
      /shop\.proto:3:8 .*PORTICO-803\n {4}import "shop\/v1\/comon\.proto";\n {11}\^ No such file under \S*\/apis or protos\/ of the workspace\. Did you mean shop\/v1\/common\.proto\? --include names more directories\./,
    )
  })

  it('copies nothing that is in the workspace already', async (t) => {
    const { at, register } = await ground(t, { 'gateway/protos/library.proto': library })
    const { out } = await register('library', '--target', '127.0.0.1:1', '--proto', 'library.proto')
    assert.deepEqual(out.match(/^wrote .*/gm), [`wrote ${at('gateway')}/portico.yaml`])
  })

  it('tells mistakes of the proto where its author has it, and writes nothing', async (t) => {
    const { at, register } = await ground(t, { 'library.proto': library.replace('string title', 'strin title') })
    const { exit, out, err } = await register('library', '--target', '127.0.0.1:1', '--proto', at('library.proto'))
    assert.deepEqual([exit, out], [1, ''])
    assert.match(
      err,
      /library\.proto:16:3 {2}library\.v1\.Book\.title {2}PORTICO-802\n.*\n +\^ No such message or enum: strin\./,
    )
    assert.match(err, /Nothing was written\.\n$/)
    assert.equal(existsSync(at('gateway')), false)
  })

  for (const [what, args, said] of [
    [
      'a file that is not there',
      ['--target', 'a:1', '--proto', 'nowhere.proto'],
      /There is no readable file nowhere\.proto/,
    ],
    ['a new service without an address', ['--proto', 'library.proto'], /needs its address: --target host:port/],
    [
      'a new service without definitions',
      ['--target', 'a:1'],
      /needs its definitions: --proto, --descriptors or --reflect/,
    ],
    ['an address without a port', ['--target', 'a', '--proto', 'library.proto'], /Expected host:port/],
    [
      'a BFF that is nearly there',
      ['--target', 'a:1', '--proto', 'library.proto', '--expose', 'wep'],
      /Did you mean web\?/,
    ],
  ] as const)
    it(`refuses ${what}, and writes nothing`, async (t) => {
      const { at, register } = await ground(t, { ...commented, 'gateway/protos/library.proto': library })
      const { exit, err } = await register('library', ...args)
      assert.equal(exit, 1)
      assert.match(err, said)
      assert.equal(await readFile(at('gateway/portico.yaml'), 'utf8'), commented['gateway/portico.yaml'])
    })

  it('refuses two kinds of definitions at once', async (t) => {
    const { register } = await ground(t, {})
    const { exit, err } = await register('library', '--proto', 'a.proto', '--descriptors', 'a.binpb')
    assert.equal(exit, 2)
    assert.match(err, /cannot be used with option/)
  })

  it('refuses the name of a REST service', async (t) => {
    const { register } = await ground(t, { ...commented, 'gateway/protos/library.proto': library })
    const { exit, err } = await register('words', '--target', 'a:1', '--proto', 'library.proto')
    assert.equal(exit, 1)
    assert.match(err, /words is a REST service; a gRPC service needs another name/)
  })

  it('writes nothing on a dry run, and says what it would write', async (t) => {
    const { at, register } = await ground(t, { 'library.proto': library })
    const { exit, out } = await register('library', '--target', 'a:1', '--proto', at('library.proto'), '--dry-run')
    assert.equal(exit, 0)
    assert.match(out, /^would write .*portico\.yaml$/m)
    assert.equal(existsSync(at('gateway')), false)
  })

  it('says so where it cannot write', async (t) => {
    const { at, register } = await ground(t, { 'library.proto': library, gateway: 'a file' })
    const { exit, err } = await register('library', '--target', 'a:1', '--proto', at('library.proto'))
    assert.equal(exit, 1)
    assert.match(err, /^Nothing was registered: E\w+/)
  })

  it('leaves no temporary file behind', async (t) => {
    const { at } = await registered(t)
    assert.deepEqual(readdirSync(at('gateway')).sort(), ['portico.yaml', 'protos'])
    assert.deepEqual(readdirSync(at('gateway/protos')), ['library.proto'])
  })
})

describe('portico register, of what is no text', { concurrency: 2 }, () => {
  it('copies a descriptor set, and tells what breaks by the places in it', async (t) => {
    const { at, register } = await ground(t, {})
    await writeFile(at('one.binpb'), await descriptorSetOf('library.proto', library))
    const first = await register('library', '--target', '127.0.0.1:1', '--descriptors', at('one.binpb'))
    assert.deepEqual([first.exit, first.err], [0, ''])
    assert.match(await readFile(at('gateway/portico.yaml'), 'utf8'), /descriptors: protos\/library\.binpb/)
    assert.deepEqual(await readFile(at('gateway/protos/library.binpb')), await readFile(at('one.binpb')))
    await writeFile(
      at('two.binpb'),
      await descriptorSetOf('library.proto', library.replace('int64 loans', 'string loans')),
    )
    const { exit, err } = await register('library', '--descriptors', at('two.binpb'))
    assert.equal(exit, 1)
    assert.match(err, /was {2}protos\/library\.binpb\/library\.proto:17:9 +int64 loans = 3\n/)
    assert.match(err, /now {2}\S+two\.binpb\/library\.proto:17:10 +string loans = 3\n/)
  })

  it('finds no difference between a proto and the descriptor set of it', async (t) => {
    const { at, register } = await registered(t)
    await writeFile(at('one.binpb'), await descriptorSetOf('library.proto', library))
    const { exit, out, err } = await register('library', '--descriptors', at('one.binpb'))
    assert.deepEqual([exit, err], [0, ''])
    assert.doesNotMatch(out, /^new/m)
    const text = await readFile(at('gateway/portico.yaml'), 'utf8')
    assert.match(text, /descriptors: protos\/library\.binpb/)
    assert.doesNotMatch(text, /proto:/)
  })

  it('tells of a file of the wrong kind where its author has it, and which option takes it', async (t) => {
    const { at, register } = await ground(t, { 'library.proto': library, 'words.binpb': 'no set at all' })
    await writeFile(at('one.binpb'), await descriptorSetOf('library.proto', library))
    const asked = async (option: string, file: string): Promise<string> => {
      const { exit, err } = await register('library', '--target', 'a:1', option, at(file))
      assert.equal(exit, 1)
      return err
    }
    assert.match(
      await asked('--descriptors', 'library.proto'),
      /is a text, not a descriptor set: --proto \S+library\.proto/,
    )
    assert.match(
      await asked('--proto', 'one.binpb'),
      /is no text\. A descriptor set is registered by --descriptors \S+one\.binpb/,
    )
    assert.match(
      await asked('--descriptors', 'words.binpb'),
      /^\S+\/words\.binpb:1:1 {2}--descriptors {2}PORTICO-804\n +\S+\/words\.binpb is no descriptor set: its bytes are something else\./,
    )
  })

  it('asks a service for its definitions and keeps what it says', async (t) => {
    const { at, register } = await ground(t, {})
    const set = await descriptorSetOf('library.proto', library)
    const server = await startReflectingServer('library.v1.Library', set)
    t.after(server.close)
    const { exit, out, err } = await register('library', '--target', server.target, '--reflect')
    assert.deepEqual([exit, err], [0, ''])
    assert.match(
      out,
      new RegExp(`^wrote \\S+/protos/library\\.binpb {2}\\(from reflection of ${server.target}\\)$`, 'm'),
    )
    assert.match(out, /^ {2}GET +\/api\/v1\/books\/\{id\} +library\.v1\.Library\/GetBook +google\.api\.http$/m)
    const again = await register('library', '--reflect')
    assert.match(again.out, /^library is registered so already; nothing is to be written\.$/m)
    assert.equal((await run('check', at('gateway'))).exit, 0)
  })

  it('says so where nobody answers', async (t) => {
    const { at, register } = await ground(t, {})
    const { exit, err } = await register('library', '--target', '127.0.0.1:1', '--reflect')
    assert.equal(exit, 1)
    assert.match(
      err,
      /127\.0\.0\.1:1 cannot be reached for reflection \(connect ECONNREFUSED 127\.0\.0\.1:1\)\. Is it running/,
    )
    assert.equal(existsSync(at('gateway')), false)
  })
})

describe('portico register, of a service that is there', () => {
  it('changes nothing where nothing changed', async (t) => {
    const { at, register } = await registered(t)
    const { exit, out } = await register('library', '--proto', at('library.proto'))
    assert.equal(exit, 0)
    assert.match(out, /^library is registered so already; nothing is to be written\.$/m)
  })

  it('lists what is new, and writes it', async (t) => {
    const { at, register } = await registered(t)
    await writeFile(at('library.proto'), library.replace('string title = 2;', 'string title = 2; string isbn = 9;'))
    const { exit, out, err } = await register('library', '--proto', at('library.proto'))
    assert.deepEqual([exit, err], [0, ''])
    assert.match(out, /^new {2}library {2}library\.v1\.Book\.isbn {2}string isbn = 9$/m)
    assert.match(await readFile(at('gateway/protos/library.proto'), 'utf8'), /isbn/)
  })

  it('refuses what breaks clients, each with both places, and writes nothing', async (t) => {
    const { at, register } = await registered(t)
    await writeFile(
      at('library.proto'),
      `// one line more\n${library.replace('int64 loans', 'int32 loans').replace('/v1/books/{id}', '/v2/books/{id}')}`,
    )
    const { exit, out, err } = await register('library', '--proto', at('library.proto'))
    assert.deepEqual([exit, out], [1, ''])
    assert.equal(
      err
        .replaceAll(/\S*\/library\.proto/g, (file) => (file.startsWith('protos/') ? file : 'library.proto'))
        .replaceAll(/ {2,}/g, '  '),
      `library  library.v1.Library/GetBook: It is reached by another verb or path.
  was  protos/library.proto:6:70  GET /v1/books/{id}
  now  library.proto:7:70  GET /v2/books/{id}

library  library.v1.Book.loans: It has another type (int64 → int32).
  was  protos/library.proto:17:9  int64 loans = 3
  now  library.proto:18:9  int32 loans = 3

2 changes break clients. Nothing was written; --allow-breaking registers it all the same.
`,
    )
    assert.equal(await readFile(at('gateway/protos/library.proto'), 'utf8'), library)
  })

  it('lets a breaking change pass when told to', async (t) => {
    const { at, register } = await registered(t)
    await writeFile(at('library.proto'), library.replace('int64 loans', 'int32 loans'))
    const { exit, err } = await register('library', '--proto', at('library.proto'), '--allow-breaking')
    assert.equal(exit, 0)
    assert.match(err, /1 change breaks clients; --allow-breaking lets it pass\./)
    assert.match(await readFile(at('gateway/protos/library.proto'), 'utf8'), /int32 loans/)
  })

  it('refuses what breaks another service that imports the same file', async (t) => {
    const common = (type: string) => `syntax = "proto3"; package common; message Money { ${type} units = 1; }`
    const proto = (name: string) =>
      `syntax = "proto3"; package ${name}; import "common.proto"; service S { rpc Get(common.Money) returns (common.Money); }`
    const { at, register } = await ground(t, {
      'a.proto': proto('a'),
      'b.proto': proto('b'),
      'common.proto': common('int64'),
    })
    assert.equal((await register('a', '--target', 'a:1', '--proto', at('a.proto'))).exit, 0)
    await writeFile(at('common.proto'), common('string'))
    const { exit, err } = await register('b', '--target', 'b:1', '--proto', at('b.proto'))
    assert.equal(exit, 1)
    assert.match(err, /^a {2}common\.Money\.units: It has another type \(int64 → string\)\./m)
  })

  it('changes its address alone, and shows it in one more BFF', async (t) => {
    const { at, register } = await registered(t)
    const { exit } = await register('library', '--target', 'library:50051', '--expose', 'mobile')
    assert.equal(exit, 0)
    const text = await readFile(at('gateway/portico.yaml'), 'utf8')
    assert.match(text, /grpc: library:50051\n {4}proto: library\.proto\n/)
    assert.match(text, /mobile:\n {4}prefix: \/mobile\n {4}expose: library\n/)
  })

  it('cannot compare with what has mistakes, and says so', async (t) => {
    const { at, register } = await registered(t)
    await writeFile(at('gateway/protos/library.proto'), 'syntax = "proto3"; message {')
    const { exit, err } = await register('library', '--proto', at('library.proto'))
    assert.equal(exit, 1)
    assert.match(err, /What is registered now has mistakes, so nothing can be compared with it\./)
  })
})

const library = `syntax = "proto3";
package library.v1;
import "google/api/annotations.proto";

service Library {
  rpc GetBook(Id) returns (Book) { option (google.api.http) = {get: "/v1/books/{id}"}; }
  rpc ListBooks(Id) returns (Books) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc LendBook(Id) returns (Book);
  rpc WatchBooks(Id) returns (stream Book);
  rpc ImportBooks(stream Book) returns (Books);
}

message Id { string id = 1; }
message Book {
  string id = 1;
  string title = 2;
  int64 loans = 3;
}
message Books { repeated Book books = 1; }
`

const commented: Files = {
  'gateway/portico.yaml': `# Who calls whom.
services:
  words:        # of wisdom
    rest: "http://127.0.0.1:1"
    identity: none
    # timeout: 1s

bffs:
  web:
    prefix: /web
    schema: schema.graphql   # by hand

routes:
  - { path: /words/*, service: "words" }   # all
# the end
`,
  'gateway/schema.graphql': 'type Query {\n  word: String @rest(service: "words", get: "/word")\n}\n',
}

const words = (text: string): readonly string[] => text.split(' ')

type Ran = { readonly exit: number; readonly out: string; readonly err: string }

const run = async (...args: readonly string[]): Promise<Ran> => {
  const [out, err]: [string[], string[]] = [[], []]
  const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text), colours: false }
  const exit = await runProgram(args, terminal, '0')
  return { exit, out: out.join(''), err: err.join('') }
}

const ground = async (t: TestContext, files: Files) => {
  const { dir, remove } = await layWorkspace(files)
  t.after(remove)
  const at = (file: string): string => join(dir, file)
  const register = (...args: readonly string[]) => run('register', ...args, '--dir', at('gateway'))
  return { at, register }
}

/** A workspace that has the library already; `library.proto` beside it is what it was registered by. */
const registered = async (t: TestContext) => {
  const made = await ground(t, { 'library.proto': library })
  const { exit } = await made.register('library', '--target', '127.0.0.1:1', '--proto', made.at('library.proto'))
  assert.equal(exit, 0)
  return made
}
