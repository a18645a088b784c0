import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Root } from 'protobufjs'
import type { Json } from '../../../../src/kernel/json.ts'
import { messageCodec } from '../../../../src/services/grpc/json/codec.ts'
import { loadDescriptorSet } from '../../../../src/services/grpc/protos/descriptor-set.ts'
import type { LoadedProtos } from '../../../../src/services/grpc/protos/loading.ts'
import { placeOfDefinition } from '../../../../src/services/grpc/protos/places.ts'
import { reflectDescriptors } from '../../../../src/services/grpc/protos/reflection.ts'
import { loadProtos } from '../../../../src/services/grpc/protos/text.ts'
import { describeRoot } from './support/describe.ts'
import { filesOf, startReflection } from './support/reflection-server.ts'
import { compileSet } from './support/sets.ts'

const fixtures = join(import.meta.dirname, 'fixtures')
const names = ['zoo/v1/zoo.proto', 'zoo/v1/options.proto', 'zoo/v1/old.proto', 'zoo/v1/edition.proto']

const titles = { set: 'a set with its imports', bare: 'a set without them', reflected: 'reflection' } as const

describe('the three ways to read definitions', () => {
  const roots: { text?: Root; set?: Root; bare?: Root; reflected?: Root } = {}
  let server: Awaited<ReturnType<typeof startReflection>> | undefined
  after(() => server?.close())

  before(async () => {
    const texts = Object.fromEntries(names.map((name) => [name, readFileSync(join(fixtures, name), 'utf8')]))
    roots.text = sound(loadProtos({ files: [...names], includeDir: fixtures, displayDir: 'protos' }))
    const [set, bare] = await Promise.all([compileSet(texts), compileSet(texts, ['--exclude-imports'])])
    roots.set = sound(loadDescriptorSet(set, { shown: 'zoo.binpb' }))
    roots.bare = sound(loadDescriptorSet(bare, { shown: 'zoo.binpb' }))
    const files = filesOf(set)
    server = await startReflection({ services: ['zoo.v1.Zoo'], files, fileOf: () => 'zoo/v1/zoo.proto' })
    const reflected = await reflectDescriptors(server.target)
    assert.ok('descriptors' in reflected, JSON.stringify(reflected))
    roots.reflected = sound(loadDescriptorSet(reflected.descriptors, { shown: 'reflection' }))
  })

  for (const way of ['set', 'bare', 'reflected'] as const) {
    it(`come to the same as texts: ${titles[way]}`, () => {
      assert.ok(roots.text !== undefined && roots[way] !== undefined)
      const [expected, found] = [describeRoot(roots.text, ['zoo']), describeRoot(roots[way], ['zoo'])]
      assert.ok(Object.keys(expected).length > 15)
      assert.deepEqual(found, expected)
    })

    it(`encode and decode the same as with texts: ${titles[way]}`, () => {
      const [text, other] = [roots.text, roots[way]].map((root) => messageCodec(root!.lookupType('zoo.v1.Animal')))
      for (const json of animals) {
        assert.deepEqual(other?.encode(json), text?.encode(json))
        assert.deepEqual(other?.decode(other.encode(json)), text?.decode(text.encode(json)))
      }
    })
  }

  it('keep options that the definitions themselves define', () => {
    for (const root of [roots.text, roots.set, roots.bare, roots.reflected]) {
      assert.ok(root !== undefined)
      const { methods } = root.lookupService('zoo.v1.Zoo')
      assert.deepEqual(
        methods['Clean']?.parsedOptions?.filter((options) => '(zoo.v1.audit)' in options),
        [{ '(zoo.v1.audit)': { level: 'LEVEL_HIGH', reasons: ['law', 'habit'], inner: { count: 2 } } }],
      )
      assert.deepEqual(root.lookupType('zoo.v1.Animal').parsedOptions, [{ '(zoo.v1.tag)': 'animal' }])
    }
  })

  it('know the same places', () => {
    const { text, set } = roots
    assert.ok(text !== undefined && set !== undefined)
    for (const path of ['zoo.v1.Animal', 'zoo.v1.Kind', 'zoo.v1.Animal.Pool.Water', 'zoo.v1.Old']) {
      const expected = placeOfDefinition(text.lookupTypeOrEnum(path))
      const { file, line, column } = placeOfDefinition(set.lookupTypeOrEnum(path))
      assert.deepEqual(
        [file.replace('zoo.binpb/', 'protos/'), line, column],
        [expected.file, expected.line, expected.column],
      )
      assert.ok(line > 1)
    }
  })
})

const animals: readonly Json[] = [
  {},
  {
    name: 'a',
    ageYears: 0,
    kind: 'KIND_DOG',
    kinds: ['KIND_CAT', 'KIND_DOG'],
    young: { b: { name: 'b', young: {} } },
    kindsById: { '-9007199254740993': 'KIND_CAT' },
    pool: { depth: 2, water: 'WATER_SALT' },
    weights: ['1', '-2'],
    otherName: 'x',
    bornAt: '2026-01-02T03:04:05.000000006Z',
    nickName: '',
    with1Number: '18446744073709551615',
    old: { id: 'i', packedNumbers: [1, 2], numbers: [3], result: { text: 't' } },
    modern: {
      implicit: 'i',
      explicit: '',
      needed: 'n',
      expanded: [1, 2],
      delimited: { number: 1 },
      closed: 'CLOSED_ONE',
    },
    class: 'c',
    constructor: 'k',
    hasOwnProperty: 'h',
    toString: 's',
    return: [true],
  },
]

const sound = (loaded: LoadedProtos): Root => {
  assert.ok('root' in loaded, JSON.stringify(loaded))
  return loaded.root
}
