import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import type { Json } from '../../../../src/kernel/json.ts'
import { Problem } from '../../../../src/kernel/problem.ts'
import { messageCodec } from '../../../../src/services/grpc/json/codec.ts'
import { findMethod } from '../../../../src/services/grpc/method.ts'
import { loadProtos } from '../../../../src/services/grpc/protos/text.ts'
import { probeRoot } from '../fixtures/probe.ts'

const bigints = { int64: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), uint64: fc.bigInt(0n, 2n ** 64n - 1n) }

const scalars = fc.record({
  aDouble: fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => value + 0),
  aFloat: fc.float({ noDefaultInfinity: true, noNaN: true }).map((value) => value + 0),
  anInt32: fc.integer(),
  anInt64: bigints.int64.map(String),
  aUint32: fc.nat(),
  aUint64: bigints.uint64.map(String),
  aSint32: fc.integer(),
  aSint64: bigints.int64.map(String),
  aFixed32: fc.nat(),
  aFixed64: bigints.uint64.map(String),
  aSfixed32: fc.integer(),
  aSfixed64: bigints.int64.map(String),
  aBool: fc.boolean(),
  aString: fc.string({ unit: 'binary' }),
  aBytes: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
  aColour: fc.constantFrom('COLOUR_UNSPECIFIED', 'COLOUR_RED', 'COLOUR_BLUE'),
})

describe('messageCodec, for anything', () => {
  it('gives back what it was given', () => {
    const { encode, decode } = codec('Scalars')
    fc.assert(
      fc.property(scalars, (message) => {
        const decoded = decode(encode(message)) as typeof message
        assert.deepEqual({ ...decoded, aFloat: 0 }, { ...message, aFloat: 0 })
        assert.equal(Math.fround(decoded.aFloat), Math.fround(message.aFloat))
      }),
    )
  })

  it('reads any bytes as a message or as a problem', () => {
    const { decode } = codec('Shapes')
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => isJsonOrProblem(() => decode(bytes))))
  })

  it('writes any JSON as a message or as a problem', () => {
    const { encode } = codec('Shapes')
    const field = fc.constantFrom('maybe', 'nested', 'word', 'numbers', 'many', 'texts', 'byNumber', 'self', 'other')
    const json = fc.oneof(fc.jsonValue(), fc.dictionary(field, fc.jsonValue()))
    fc.assert(fc.property(json, (value) => isJsonOrProblem(() => encode(value as Json))))
  })

  it('serves every method of the shop', () => {
    const names = ['catalog', 'reviews', 'payments']
    const files = names.map((name) => `shop/${name}/v1/${name}.proto`)
    const loaded = loadProtos({ files, includeDir: `${import.meta.dirname}/../../../../protos`, displayDir: 'protos' })
    assert.ok('root' in loaded)
    const found = findMethod(loaded, '')
    assert.ok('candidates' in found && found.candidates.length > 10)
    for (const path of found.candidates) {
      const method = findMethod(loaded, path)
      assert.ok('codec' in method)
      assert.deepEqual(method.codec.encode({}), Buffer.alloc(0))
      assert.equal(typeof method.codec.decode(Buffer.alloc(0)), 'object')
    }
  })
})

const codec = (name: string) => messageCodec(probeRoot.lookupType(`probe.v1.${name}`))

const isJsonOrProblem = (work: () => unknown): boolean => {
  try {
    return JSON.stringify(work()) !== undefined
  } catch (thrown) {
    return thrown instanceof Problem
  }
}
