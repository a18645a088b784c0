import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import protobuf, { type Enum, type Root, type Type } from 'protobufjs'
import { definitionsIn } from '../../../../src/services/grpc/protos/definitions.ts'
import { type Part, placeOfDefinition } from '../../../../src/services/grpc/protos/places.ts'
import { loadProtos } from '../../../../src/services/grpc/protos/text.ts'

const fixtures = join(import.meta.dirname, 'fixtures')

describe('placeOfDefinition', () => {
  const root = zoo()
  const animal = root.lookupType('zoo.v1.Animal')
  const service = root.lookupService('zoo.v1.Zoo')

  it('finds messages, fields, oneofs, enums, services and methods by their names', () => {
    assert.equal(marked(animal), 'message ^Animal {')
    assert.equal(marked(animal.fields['ageYears']!), 'optional int32 ^age_years = 2;')
    assert.equal(marked(animal.fields['young']!), 'map<string, Animal> ^young = 5;')
    assert.equal(marked(animal.fields['pool']!), 'Pool ^pool = 8;')
    assert.equal(marked(animal.oneofs['home']!), 'oneof ^home {')
    assert.equal(marked(root.lookupEnum('zoo.v1.Kind')), 'enum ^Kind {')
    assert.equal(marked(root.lookupEnum('zoo.v1.Animal.Pool.Water')), 'enum ^Water {')
    assert.equal(marked(service), 'service ^Zoo {')
    assert.equal(marked(service.methods['Watch']!), 'rpc ^Watch(GetAnimalRequest) returns (stream Animal);')
  })

  it('finds values of enums', () => {
    const kind: Enum = root.lookupEnum('zoo.v1.Kind')
    assert.equal(marked(kind, { value: 'KIND_FELINE' }), '^KIND_FELINE = 1;')
  })

  it('finds texts inside of definitions, and characters of them', () => {
    const { methods } = service
    assert.equal(
      marked(methods['GetAnimal']!, { text: '/v1/zoos/{zoo}/animals/{name}', at: 10 }),
      'additional_bindings { get: "/v1/zoos/{^zoo}/animals/{name}" }',
    )
    assert.equal(
      marked(methods['Feed']!, { text: 'FeedRequest' }),
      'rpc Feed(stream ^FeedRequest) returns (stream .google.rpc.Status) {',
    )
    assert.equal(
      marked(methods['Feed']!, { text: 'not there' }),
      'rpc ^Feed(stream FeedRequest) returns (stream .google.rpc.Status) {',
    )
  })

  it('finds groups, extensions and what is of an edition', () => {
    const old: Type = root.lookupType('zoo.v1.Old')
    assert.equal(marked(old.fields['result']!), 'optional group ^Result = 10 {')
    assert.equal(marked(root.lookupType('zoo.v1.Old.Result')), 'optional group ^Result = 10 {')
    assert.equal(marked(old.fieldsById[100]!), 'extend Old { optional int32 ^added_number = 100; }')
    assert.equal(
      marked(root.lookupType('zoo.v1.Modern').fields['needed']!),
      'string ^needed = 3 [features.field_presence = LEGACY_REQUIRED];',
    )
  })

  it('is not led astray by comments, strings and options', () => {
    const text = [
      'syntax = "proto3"; package a;',
      '/* message A { string b = 1; } */',
      '// message A {',
      'message B { option (x) = { message: "message A {" }; }',
      'message A {',
      '  reserved 2, 3; reserved "b = 1";',
      '  string message = 4 [json_name = "b = {", (x) = { y: 1 }];',
      '  string b = 1;',
      '}',
    ].join('\n')
    const found = definitionsIn(text)
    const shown = (name: string) => found.get(name)?.map((definition) => text.slice(definition.name).split('\n')[0])
    assert.deepEqual([...found.keys()], ['a.B', 'a.A', 'a.A.message', 'a.A.b'])
    assert.deepEqual(shown('a.A'), ['A {'])
    assert.deepEqual(shown('a.A.message'), ['message = 4 [json_name = "b = {", (x) = { y: 1 }];'])
    assert.deepEqual(shown('a.A.b'), ['b = 1;'])
  })

  it('gives the file of what a root brings without its text', () => {
    const timestamp = root.lookupType('google.protobuf.Timestamp')
    assert.equal(placeOfDefinition(timestamp).line, 1)
  })

  it('gives a place for everything in a root', () => {
    const everything: protobuf.ReflectionObject[] = []
    const visit = (object: protobuf.ReflectionObject): void => {
      if (!(object instanceof protobuf.Root) && object.fullName.startsWith('.zoo.v1.')) everything.push(object)
      if (object instanceof protobuf.Type) everything.push(...object.fieldsArray)
      if (object instanceof protobuf.Service) everything.push(...object.methodsArray)
      if (object instanceof protobuf.Namespace) object.nestedArray.forEach(visit)
    }
    visit(root)
    const own = everything.filter(({ filename }) => filename?.startsWith('zoo/') === true)
    assert.ok(own.length > 60)
    for (const object of own) assert.ok(placeOfDefinition(object).column > 1, object.fullName)
  })
})

function zoo(): Root {
  const loaded = loadProtos({ files: ['zoo/v1/zoo.proto'], includeDir: fixtures, displayDir: 'protos' })
  assert.ok('root' in loaded, JSON.stringify(loaded))
  return loaded.root
}

/** The line of a place with `^` before the column. */
const marked = (object: protobuf.ReflectionObject, part?: Part): string => {
  const { file, line, column, text } = placeOfDefinition(object, part)
  assert.equal(readFileSync(join(fixtures, file.replace('protos/', '')), 'utf8').split('\n')[line - 1], text)
  return `${text.slice(0, column - 1)}^${text.slice(column - 1)}`.trim()
}
