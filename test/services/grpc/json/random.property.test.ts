import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import type { Root, Type } from 'protobufjs'
import protojson from 'protobufjs/ext/protojson.js'
import type { Json } from '../../../../src/kernel/json.ts'
import { parseRequestJson } from '../../../../src/kernel/json-request.ts'
import { Problem } from '../../../../src/kernel/problem.ts'
import { messageCodec } from '../../../../src/services/grpc/json/codec.ts'
import type { JsonStyle } from '../../../../src/services/grpc/json/style.ts'
import { rootOf } from './protos.ts'
import { randomProtos } from './random-protos.ts'

const style: fc.Arbitrary<JsonStyle> = fc.record({
  names: fc.constantFrom('json', 'proto'),
  defaults: fc.constantFrom('always', 'omit'),
  unknownFields: fc.constantFrom('refuse', 'ignore'),
  enums: fc.constantFrom('name', 'number'),
})

describe('messageCodec, for random messages of random definitions', () => {
  it('gives the same bytes for what it made of bytes, in every style', () => {
    fc.assert(
      fc.property(randomProtos, style, ({ text, value }, chosen) => {
        const { encode, decode, decodeText, decodeBetween } = messageCodec(typeIn(rootOf(text)), chosen)
        const wire = encode(value)
        const json = decode(wire)
        assert.deepEqual(encode(json), wire)
        assert.equal(decodeText(wire), JSON.stringify(json))
        assert.equal(String(decodeBetween(wire, ['data: ', '\n\n'])), `data: ${JSON.stringify(json)}\n\n`)
        assert.deepEqual(encode(parseRequestJson(decodeText(wire))), wire)
      }),
      { numRuns: 150 },
    )
  })

  it('agrees with an implementation that the conformance suite has judged, both ways', () => {
    fc.assert(
      fc.property(randomProtos, ({ text, value }) => {
        const type = typeIn(rootOf(text))
        const { encode, decode } = messageCodec(type, {
          names: 'json',
          defaults: 'omit',
          unknownFields: 'refuse',
          enums: 'name',
        })
        const given = withoutNegativeZeros(value)
        const theirs = type.encode(protojson.fromJson(type, given)).finish()
        assert.deepEqual(asFloats(decode(theirs)), readByThem(type, theirs))
        assert.deepEqual(readByThem(type, encode(given)), readByThem(type, theirs))
      }),
      { numRuns: 150 },
    )
  })

  it('reads any bytes as a message or as a problem, the same into JSON and into text', () => {
    fc.assert(
      fc.property(randomProtos, mutations, ({ text, value }, changes) => {
        const { encode, decode, decodeText } = messageCodec(typeIn(rootOf(text)))
        const bytes = changes.reduce(mutated, encode(value))
        assert.equal(
          textOrProblem(() => decodeText(bytes)),
          textOrProblem(() => JSON.stringify(decode(bytes))),
        )
      }),
      { numRuns: 250 },
    )
  })
})

type Mutation = { readonly kind: 'set' | 'cut' | 'insert' | 'repeat'; readonly at: number; readonly byte: number }

const mutations = fc.array(
  fc.record({
    kind: fc.constantFrom<Mutation['kind']>('set', 'cut', 'insert', 'repeat'),
    at: fc.nat(),
    byte: fc.nat(255),
  }),
  { minLength: 1, maxLength: 4 },
)

const mutated = (bytes: Buffer, { kind, at, byte }: Mutation): Buffer => {
  const place = bytes.length === 0 ? 0 : at % bytes.length
  if (kind === 'cut') return bytes.subarray(0, place)
  if (kind === 'repeat') return Buffer.concat([bytes, bytes.subarray(place)])
  return Buffer.concat([bytes.subarray(0, place), Buffer.of(byte), bytes.subarray(kind === 'set' ? place + 1 : place)])
}

const textOrProblem = (work: () => string): string => {
  try {
    return work()
  } catch (thrown) {
    assert.ok(thrown instanceof Problem)
    assert.equal(thrown.code, 'UNAVAILABLE')
    return thrown.message
  }
}

const typeIn = (root: Root): Type => root.lookupType('M0')

/** What the other implementation makes of bytes. */
const readByThem = (type: Type, bytes: Uint8Array): unknown => asFloats(protojson.toJson(type, type.decode(bytes)))

/** The two write the same 32-bit float in more digits or fewer. */
const asFloats = (json: unknown): unknown =>
  JSON.parse(JSON.stringify(json), (_key, value: unknown) =>
    typeof value === 'number' ? Math.fround(value) + 0 : value,
  )

/** The other takes them for no value. */
const withoutNegativeZeros = (json: Json): Json =>
  JSON.parse(JSON.stringify(json), (_key, value: unknown) => (typeof value === 'number' ? value + 0 : value)) as Json
