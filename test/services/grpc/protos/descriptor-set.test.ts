import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import protobuf from 'protobufjs'
import { startOf } from '../../../../src/kernel/diagnostic.ts'
import { messageCodec } from '../../../../src/services/grpc/json/codec.ts'
import { loadDescriptorSet } from '../../../../src/services/grpc/protos/descriptor-set.ts'
import { placeOfDefinition } from '../../../../src/services/grpc/protos/places.ts'
import { told } from '../../../support/told.ts'
import { compileSet } from './support/sets.ts'

const head = 'syntax = "proto3";\npackage a.v1;\n'

describe('loadDescriptorSet', () => {
  it('says that a set was cut off', async () => {
    const set = await compileSet({ 'a/a.proto': `${head}message A { string b = 1; }` })
    const [mistake = ''] = mistakes(set.subarray(0, -3))
    assert.match(
      mistake,
      /^a\.binpb:1:1 {2}a\.binpb\n {4}a\.binpb is no descriptor set: it ends too early\. Make one by `buf build/,
    )
  })

  it('says that a file is something else', () => {
    for (const text of ['syntax = "proto3";\nmessage A {}', '{"file":[]}', '\u001f\u008b\b\0gzip', 'x'.repeat(1_000)])
      assert.match(mistakes(Buffer.from(text, 'latin1'))[0] ?? '', /a\.binpb is no descriptor set/)
    assert.match(mistakes(Buffer.alloc(0))[0] ?? '', /it is empty/)
  })

  it('says it where the set was asked for', () => {
    const asked = { place: startOf('portico.yaml', 'descriptors: a.binpb'), coordinate: 'services.a.descriptors' }
    const found = loadDescriptorSet(Buffer.from('nonsense'), { shown: 'a.binpb', askedBy: asked })
    assert.ok('diagnostics' in found)
    assert.equal(found.diagnostics[0]?.place, asked.place)
    assert.equal(found.diagnostics[0]?.coordinate, 'services.a.descriptors')
  })

  it('reads no more than 16 MiB', () => {
    assert.match(mistakes(Buffer.alloc(16_777_217))[0] ?? '', /larger than 16MiB/)
  })

  it('reads no more than 5,000 files', () => {
    const file = Array.from({ length: 5_001 }, (_, index) => ({ name: `${index}.proto` }))
    assert.match(mistakes(encodeSet({ file }))[0] ?? '', /has 5001 files; 5000 are the most/)
  })

  it('says which file imports what is not there', async () => {
    const set = await compileSet({
      'a/a.proto': `${head}import "b/b.proto";\nmessage A { b.v1.B b = 1; }`,
      'b/b.proto': 'syntax = "proto3";\npackage b.v1;\nmessage B {}',
    })
    const alone = encodeSet({ file: decodeSet(set).file.filter(({ name }) => name === 'a/a.proto') })
    assert.deepEqual(mistakes(alone), [
      'a.binpb/a/a.proto:1:1  a.binpb/a/a.proto\n    It imports "b/b.proto", which is neither in the set nor among the files that Portico brings. Make the set with its imports: buf does so, protoc with --include_imports.',
    ])
  })

  it('says which types are not there, with the place of who names them', async () => {
    const set = decodeSet(await compileSet({ 'a/a.proto': `${head}message A {\n  B b = 1;\n}\nmessage B {}` }))
    set.file[0]?.messageType?.pop()
    assert.deepEqual(mistakes(encodeSet(set)), [
      'a.binpb/a/a.proto:4:5  a.v1.A.b\n    No such message or enum: a.v1.B. Did you mean a.v1.A?',
    ])
  })

  it('refuses names that are no identifiers before any code is made of them', () => {
    const evil = 'a(){};process.exit(7);function x'
    const cases: readonly File[] = [
      { messageType: [{ name: evil }] },
      { messageType: [{ name: 'A', field: [{ ...text, name: evil }] }] },
      { messageType: [{ name: 'A', field: [{ ...text, type: 11, typeName: `.${evil}` }] }] },
      { messageType: [{ name: 'A', oneofDecl: [{ name: evil }], field: [{ ...text, oneofIndex: 0 }] }] },
      {
        messageType: [{ name: 'A' }],
        service: [{ name: 'S', method: [{ name: evil, inputType: '.A', outputType: '.A' }] }],
      },
      {
        messageType: [{ name: 'A' }],
        service: [{ name: 'S', method: [{ name: 'M', inputType: evil, outputType: '.A' }] }],
      },
      { service: [{ name: evil }] },
      { enumType: [{ name: evil, value: [{ name: 'A', number: 0 }] }] },
      { enumType: [{ name: 'E', value: [{ name: evil, number: 0 }] }] },
      { package: evil },
      { messageType: [{ name: 'A' }], extension: [{ ...text, extendee: evil }] },
    ]
    for (const file of cases) {
      const found = mistakes(encodeSet({ file: [{ name: 'a.proto', syntax: 'proto3', ...file }] }))
      assert.equal(found.length, 1, JSON.stringify(file))
      assert.match(found[0] ?? '', /name|called|type is none/)
    }
  })

  it('refuses numbers, types and oneofs that there cannot be', () => {
    const cases: readonly [File, RegExp][] = [
      [{ messageType: [{ name: 'A', field: [{ ...text, number: 0 }] }] }, /0 is no number that a field can have/],
      [{ messageType: [{ name: 'A', field: [{ ...text, number: 536_870_912 }] }] }, /is no number/],
      [{ messageType: [{ name: 'A', field: [{ ...text, type: 10 }] }] }, /type is none/],
      [{ messageType: [{ name: 'A', field: [{ ...text, oneofIndex: 3 }] }] }, /oneof 3, which there is not/],
      [{ messageType: [{ name: 'A', field: [text, { ...text, name: 'c' }] }] }, /Duplicate id 1 in Type A/],
      [{ messageType: [{ name: 'A' }, { name: 'A' }] }, /Duplicate name 'A'/],
      [{ syntax: 'editions', edition: 99_997 }, /edition \(99997\)/],
    ]
    for (const [file, expected] of cases) {
      const found = mistakes(encodeSet({ file: [{ name: 'a.proto', syntax: 'proto3', ...file }] }))
      assert.match(found.join('\n'), expected)
    }
  })

  it('refuses __proto__ as a name of anything', () => {
    const name = '__proto__'
    const cases: readonly File[] = [
      { messageType: [{ name }] },
      { messageType: [{ name: 'A', field: [{ ...text, name }] }] },
      { enumType: [{ name: 'E', value: [{ name, number: 0 }] }] },
      { package: `a.${name}` },
    ]
    for (const file of cases)
      assert.equal(mistakes(encodeSet({ file: [{ name: 'a.proto', syntax: 'proto3', ...file }] })).length, 1)
  })

  it('takes names that objects inherit, and words that JavaScript keeps for itself', () => {
    const names = ['constructor', 'hasOwnProperty', 'toString', 'valueOf', 'class', 'return', 'var', 'this', 'await']
    const field = names.map((name, index) => ({ ...text, name, number: index + 1 }))
    const file = { name: 'a.proto', syntax: 'proto3', package: 'constructor.valueOf' }
    const messageType = [{ name: 'A', field }, ...names.map((name) => ({ name }))]
    const loaded = loadDescriptorSet(encodeSet({ file: [{ ...file, messageType }] }), { shown: 'a.binpb' })
    assert.ok('root' in loaded, JSON.stringify(loaded))
    const codec = messageCodec(loaded.root.lookupType('constructor.valueOf.A'))
    const json = Object.fromEntries(names.map((name) => [name, 'x']))
    assert.deepEqual(codec.decode(codec.encode(json)), json)
    for (const name of names) assert.equal(loaded.root.lookupType(`constructor.valueOf.${name}`).name, name)
  })

  it('takes messages that hold each other', async () => {
    const set = await compileSet({
      'a/a.proto': `${head}message A { B b = 1; }\nmessage B { A a = 1; repeated B all = 2; }`,
    })
    const loaded = loadDescriptorSet(set, { shown: 'a.binpb' })
    assert.ok('root' in loaded)
    const codec = messageCodec(loaded.root.lookupType('a.v1.A'))
    const json = { b: { a: { b: { all: [{ all: [] }] } }, all: [] } }
    assert.deepEqual(codec.decode(codec.encode(json)), json)
  })

  it('takes a file that is in the set twice, as in sets put together from several', async () => {
    const { file } = decodeSet(await compileSet({ 'a/a.proto': `${head}message A {}` }))
    assert.ok('root' in loadDescriptorSet(encodeSet({ file: [...file, ...file] }), { shown: 'a.binpb' }))
  })

  it('knows the file alone where the set has no source info', async () => {
    const set = await compileSet({ 'a/a.proto': `${head}message A { string b = 1; }` }, ['--exclude-source-info'])
    const loaded = loadDescriptorSet(set, { shown: 'protos/a.binpb' })
    assert.ok('root' in loaded)
    assert.deepEqual(placeOfDefinition(loaded.root.lookupType('a.v1.A')), startOf('protos/a.binpb/a/a.proto'))
  })

  it('never throws, whatever the bytes are', async () => {
    const set = await compileSet({
      'a/a.proto': `${head}import "google/api/annotations.proto";\n// An A.\nmessage A { map<string, A> b = 1; oneof c { string d = 2; E e = 3; } }\nenum E { F = 0; }\nservice S { rpc M(A) returns (A) { option (google.api.http) = { get: "/a" }; } }`,
    })
    let seed = 42
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed % below
    }
    let sound = 0
    for (let round = 0; round < 400; round += 1) {
      const bytes = Buffer.from(set)
      for (let change = 0; change <= round % 4; change += 1) bytes[random(bytes.length)] = random(256)
      const loaded = loadDescriptorSet(bytes, { shown: 'a.binpb' })
      if ('root' in loaded) sound += 1
      else assert.ok(loaded.diagnostics.length > 0)
    }
    assert.ok(sound < 400)
  })
})

type File = { readonly [member: string]: unknown; messageType?: object[] }
type FileSet = { readonly file: readonly (File & { readonly name?: string })[] }

const text = { name: 'b', number: 1, label: 1, type: 9 }

/** With none of our code: what a compiler would write. */
const schema = createRequire(import.meta.url)('protobufjs/google/protobuf/descriptor.json') as protobuf.INamespace
const fileSet = protobuf.Root.fromJSON(schema).lookupType('google.protobuf.FileDescriptorSet')

const encodeSet = (set: FileSet): Uint8Array => fileSet.encode(fileSet.fromObject(set)).finish()
const decodeSet = (bytes: Uint8Array): FileSet => fileSet.toObject(fileSet.decode(bytes)) as FileSet

const mistakes = (bytes: Uint8Array): readonly string[] => {
  const found = loadDescriptorSet(bytes, { shown: 'a.binpb' })
  assert.ok('diagnostics' in found)
  return found.diagnostics.map((one) => told([one]))
}
