import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { formatDiagnostic, startOf } from '../../../../src/kernel/diagnostic.ts'
import { fieldOf, jsonNames } from '../../../../src/services/grpc/json/fields.ts'
import { findMethod } from '../../../../src/services/grpc/method.ts'
import { loadProtos } from '../../../../src/services/grpc/protos/text.ts'

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

type Files = Readonly<Record<string, string>>

const directories: string[] = []
after(() => {
  for (const path of directories) rmSync(path, { recursive: true })
})

const directory = (files: Files): string => {
  const root = mkdtempSync(join(tmpdir(), 'protos-'))
  directories.push(root)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return root
}

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
  return result.diagnostics.map(formatDiagnostic)
}
