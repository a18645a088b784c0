import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { startOf } from '../../../../src/kernel/diagnostic.ts'
import { fieldOf, jsonNames } from '../../../../src/services/grpc/json/fields.ts'
import { findMethod } from '../../../../src/services/grpc/method.ts'
import { commentOf, fieldBehaviors, httpRules } from '../../../../src/services/grpc/protos/annotations.ts'
import { loadProtos } from '../../../../src/services/grpc/protos/text.ts'
import { told } from '../../../support/told.ts'
import { directory, type Files } from './support/sets.ts'

const head = 'syntax = "proto3";\npackage a.v1;\n'

describe('loadProtos', () => {
  it('loads imports beside the file and those of google', () => {
    const root = loaded({
      'a/a.proto': `${head}import "a/b.proto";\nimport "google/api/annotations.proto";\nimport "google/protobuf/timestamp.proto";\nimport "google/protobuf/field_mask.proto";\nmessage A { B b = 1; google.protobuf.Timestamp at = 2; }\nservice S { rpc Get(A) returns (B) { option (google.api.http) = { get: "/v1/a" }; } }`,
      'a/b.proto': `${head}message B { string some_name = 1; }`,
    })
    assert.deepEqual(
      root.lookupType('a.v1.A').fieldsArray.map(({ type }) => type),
      ['B', 'google.protobuf.Timestamp'],
    )
  })

  it('keeps comments, and proto names beside JSON names', () => {
    const root = loaded({
      'a/a.proto': `${head}// What it is.\nmessage A {\n  // How it is called.\n  string some_name = 1;\n}`,
    })
    const type = root.lookupType('a.v1.A')
    assert.equal(type.comment, 'What it is.')
    assert.equal(fieldOf(type, 'some_name'), fieldOf(type, 'someName'))
    assert.equal(fieldOf(type, 'someName')?.comment, 'How it is called.')
    assert.equal(fieldOf(type, 'other'), undefined)
    assert.deepEqual(jsonNames(type), ['someName'])
  })

  it('says which file is missing, and what was meant', () => {
    assert.deepEqual(mistakes({ 'a/catalog.proto': head }, ['a/catalogue.proto']), [
      'protos/a/catalogue.proto:1:1  protos/a/catalogue.proto\n    No such file under protos/. Did you mean a/catalog.proto?',
    ])
  })

  it('says it where the file was asked for', () => {
    const asked = { place: startOf('portico.yaml', 'proto: x.proto'), coordinate: 'services.x.proto' }
    const found = loadProtos({
      files: ['x.proto'],
      includeDir: directory({}),
      displayDir: 'protos',
      askedBy: () => asked,
    })
    assert.ok('diagnostics' in found)
    assert.equal(found.diagnostics[0]?.place, asked.place)
    assert.equal(found.diagnostics[0]?.coordinate, 'services.x.proto')
  })

  it('says where a missing file is imported', () => {
    assert.deepEqual(mistakes({ 'a/a.proto': `${head}import "a/mony.proto";`, 'a/money.proto': head }), [
      'protos/a/a.proto:3:8  protos/a/a.proto\n    import "a/mony.proto";\n           ^ No such file under protos/. Did you mean a/money.proto?',
    ])
  })

  it('reads nothing outside the directory', () => {
    assert.match(
      mistakes({ 'a/a.proto': `${head}import "../../../etc/passwd";` })[0] ?? '',
      /:3:8.*\n.*\n.*No such file/,
    )
  })

  it('says the place of a syntax error', () => {
    assert.deepEqual(mistakes({ 'a/a.proto': `${head}message A {\n  string name 1;\n}` }), [
      "protos/a/a.proto:4:15  protos/a/a.proto\n    string name 1;\n                ^ Illegal token '1', '=' expected.",
    ])
  })

  it('says the place of a name that is there twice', () => {
    const [mistake = ''] = mistakes({ 'a/a.proto': `${head}message A {}\nmessage A {}` })
    assert.match(mistake, /^protos\/a\/a\.proto:4:9 .*\n.*\n.*Duplicate name 'A'/)
  })

  it('says the place of a field number that is there twice', () => {
    const text = `${head}message Z { string a = 1; }\nmessage A {\n  string a = 1;\n  string b = 1;\n}`
    assert.match(mistakes({ 'a/a.proto': text })[0] ?? '', /^protos\/a\/a\.proto:6:10 .*\n.*\n.*Duplicate id 1/)
  })

  it('says which extended message does not exist', () => {
    const text =
      'syntax = "proto2";\npackage a.v1;\nmessage Order { extensions 100 to 200; }\nextend Ordre { optional int32 a = 100; }'
    assert.deepEqual(mistakes({ 'a/a.proto': text }), [
      'protos/a/a.proto:4:8  a.v1.a\n    extend Ordre { optional int32 a = 100; }\n           ^ No such message: Ordre. Did you mean Order?',
    ])
  })

  it('says every directory in which a missing file was looked for', () => {
    const result = loadProtos({
      files: ['a/a.proto'],
      includeDir: directory({ 'a/a.proto': `${head}import "google/x/y.proto";\nimport "b/b.proto";` }),
      displayDir: 'protos',
      include: [
        { dir: directory({ 'b/c.proto': head }), shown: 'lib' },
        { dir: directory({}), shown: '../shared/protos' },
      ],
    })
    assert.ok('diagnostics' in result)
    assert.deepEqual(
      result.diagnostics.map(({ message }) => message),
      [
        'No such file under protos/, lib/ or ../shared/protos/, nor among those that Portico brings. There are: a/a.proto, b/c.proto.',
        'No such file under protos/, lib/ or ../shared/protos/. Did you mean b/c.proto?',
      ],
    )
  })

  it('says which file defines a name already', () => {
    const files = {
      'a/a.proto': `${head}import "a/b.proto";\nmessage B {}\nmessage A {}`,
      'a/b.proto': `${head}\nmessage A {}`,
    }
    assert.deepEqual(mistakes(files), [
      "protos/a/b.proto:4:9  protos/a/b.proto\n    message A {}\n            ^ Duplicate name 'A': protos/a/a.proto defines a.v1.A too.",
    ])
  })

  it('takes a file from the first directory that has it', () => {
    const [first, second] = ['first', 'second'].map((name) =>
      directory({ 'b.proto': `syntax = "proto3";\nmessage B { string ${name} = 1; }` }),
    )
    const result = loadProtos({
      files: ['a.proto'],
      includeDir: directory({ 'a.proto': 'syntax = "proto3";\nimport "b.proto";\nmessage A { B b = 1; }' }),
      displayDir: 'protos',
      include: [
        { dir: first ?? '', shown: 'first' },
        { dir: second ?? '', shown: 'second' },
      ],
    })
    assert.ok('root' in result)
    assert.deepEqual(Object.keys(result.root.lookupType('B').fields), ['first'])
  })

  it('says that a file is imported by two names', () => {
    const dir = directory({
      'lib/b.proto': `${head}message B {}`,
      'a.proto': `${head}import "lib/b.proto";\nimport "b.proto";`,
    })
    const result = loadProtos({
      files: ['a.proto'],
      includeDir: dir,
      displayDir: 'protos',
      include: [{ dir: join(dir, 'lib'), shown: 'protos/lib' }],
    })
    assert.ok('diagnostics' in result)
    assert.deepEqual(
      result.diagnostics.map((one) => told([one])),
      [
        'protos/a.proto:4:8  protos/a.proto\n    import "b.proto";\n           ^ This is the file lib/b.proto by another name: import it by one name only.',
      ],
    )
  })

  it('brings what services commonly import', () => {
    const names = globSync('**/*.proto', { cwd: bundled })
    assert.ok(names.length > 30)
    const result = loadProtos({ files: names, includeDir: directory({}), displayDir: 'protos' })
    assert.ok('root' in result, JSON.stringify(result))
    for (const name of ['google.rpc.Status', 'google.rpc.BadRequest', 'google.api.HttpBody', 'google.type.Money'])
      assert.ok(result.root.lookupType(name).fieldsArray.length > 0)
  })

  it('gives options their full names, however they are written', () => {
    const root = loaded({
      'a/a.proto':
        'syntax = "proto3";\npackage google.a;\nimport "google/api/annotations.proto";\nimport "google/api/field_behavior.proto";\nmessage A { string b = 1 [(api.field_behavior) = REQUIRED]; string c = 2 [(.google.api.field_behavior) = INPUT_ONLY]; }\nservice S { rpc Get(A) returns (A) { option (api.http).get = "/a"; } }',
    })
    const { b, c } = root.lookupType('google.a.A').fields
    assert.deepEqual([fieldBehaviors(b!), fieldBehaviors(c!)], [['REQUIRED'], ['INPUT_ONLY']])
    assert.equal(httpRules(root.lookupService('google.a.S').methods['Get']!)[0]?.template, '/a')
  })

  it('keeps comments of fields that go over several lines', () => {
    const root = loaded({
      'a/a.proto': `${head}message A {\n  // What it\n  // is.\n  string a_long_name\n      = 1;\n  /* Another. */\n  map<string, string> another =\n    2;\n\n  // Of nothing.\n\n  string bare =\n    3;\n}`,
    })
    const { aLongName, another, bare } = root.lookupType('a.v1.A').fields
    assert.deepEqual(
      [aLongName, another, bare].map((field) => commentOf(field!)),
      ['What it\nis.', 'Another.', undefined],
    )
  })

  it('says that nothing can be named __proto__', () => {
    const text = `${head}message __proto__ {}\nenum E { __proto__ = 0; }\nmessage A { string __proto__ = 1; } // __proto__`
    assert.deepEqual(
      mistakes({ 'a/a.proto': text }).map((mistake) => mistake.split('\n')[0]),
      [
        'protos/a/a.proto:3:9  a.v1.__proto__',
        'protos/a/a.proto:4:10  a.v1.E.__proto__',
        'protos/a/a.proto:5:20  a.v1.A.__proto__',
      ],
    )
  })

  it('takes a package that is named like what objects inherit', () => {
    const root = loaded({
      'a/a.proto': 'syntax = "proto3";\npackage constructor.valueOf;\nmessage toString { string a = 1; }',
    })
    assert.equal(root.lookupType('constructor.valueOf.toString').fieldsArray.length, 1)
  })

  it('takes a service of 1,000 methods', () => {
    const methods = Array.from({ length: 1_000 }, (_, index) => `rpc M${index}(A) returns (A);`).join('\n')
    const root = loaded({ 'a/a.proto': `${head}message A {}\nservice S {\n${methods}\n}` })
    assert.equal(root.lookupService('a.v1.S').methodsArray.length, 1_000)
  })

  it("takes google's protos", () => {
    for (const tree of ['google/api', 'google/rpc', 'google/type', 'google/iam', 'google/logging', 'google/pubsub']) {
      const files = globSync(`${tree}/**/*.proto`, { cwd: googleProtos })
      assert.ok(files.length > 0)
      const result = loadProtos({ files, includeDir: googleProtos, displayDir: 'protos' })
      assert.ok(
        'root' in result,
        'diagnostics' in result ? result.diagnostics.map((one) => told([one])).join('\n') : '',
      )
    }
  })

  it('takes files that import each other', () => {
    const root = loaded({
      'a/a.proto': `${head}import "a/b.proto";\nmessage A { B b = 1; }`,
      'a/b.proto': `${head}import "a/a.proto";\nmessage B { A a = 1; }`,
    })
    assert.equal(root.lookupType('a.v1.B').fields['a']?.resolvedType?.name, 'A')
  })

  it('says every type that does not exist, each with its place', () => {
    const text = `${head}message Money {}\nmessage A { Monye price = 1; }\nmessage B {\n  map<string, Colour> c = 1;\n}\nservice S {\n  rpc Get(A) returns (stream Bee);\n}`
    assert.deepEqual(mistakes({ 'a/a.proto': text }), [
      'protos/a/a.proto:4:13  a.v1.A.price\n    message A { Monye price = 1; }\n                ^ No such message or enum: Monye. Did you mean Money?',
      'protos/a/a.proto:6:15  a.v1.B.c\n    map<string, Colour> c = 1;\n                ^ No such message or enum: Colour. There are: Money, A, B.',
      'protos/a/a.proto:9:30  a.v1.S.Get\n    rpc Get(A) returns (stream Bee);\n                               ^ No such message: Bee. Did you mean B?',
    ])
  })
})

describe('findMethod', () => {
  it('resolves a method to its types', () => {
    const root = loaded({
      'a/a.proto': `${head}message A {}\nmessage B {}\nservice S { rpc Watch(A) returns (stream B); }`,
    })
    const method = findMethod({ root }, 'a.v1.S/Watch')
    assert.ok('path' in method)
    assert.equal(method.path, '/a.v1.S/Watch')
    assert.deepEqual([method.requestStream, method.responseStream], [false, true])
    assert.deepEqual([method.requestType.name, method.responseType.name], ['A', 'B'])
  })

  it('names the methods there are where there is no such one', () => {
    const root = loaded({
      'a/a.proto': `${head}message A {}\nservice S { rpc Get(A) returns (A); rpc Put(A) returns (A); }`,
    })
    for (const path of ['a.v1.S/Gett', 'a.v1.T/Get', 'a.v1.S', 'S/Get', 'a.v1.S/toString', ''])
      assert.deepEqual(findMethod({ root }, path), { candidates: ['a.v1.S/Get', 'a.v1.S/Put'] })
  })
})

const bundled = join(import.meta.dirname, '../../../../src/services/grpc/protos/bundled')
const googleProtos = dirname(createRequire(import.meta.url).resolve('google-proto-files/package.json'))

const load = (files: Files, asked: readonly string[]) =>
  loadProtos({ files: asked, includeDir: directory(files), displayDir: 'protos' })

const loaded = (files: Files) => {
  const result = load(files, ['a/a.proto'])
  assert.ok('root' in result, JSON.stringify(result))
  return result.root
}

const mistakes = (files: Files, asked: readonly string[] = ['a/a.proto']): readonly string[] => {
  const result = load(files, asked)
  assert.ok('diagnostics' in result)
  return result.diagnostics.map((one) => told([one]))
}
