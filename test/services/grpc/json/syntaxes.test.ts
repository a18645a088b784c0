import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytesOf, codecOf, jsonOf, rootOf, thereAndBack } from './protos.ts'

describe('proto2 in JSON', () => {
  for (const text of [
    '{"id":0}',
    '{"id":1,"count":0,"text":"","kind":"A"}',
    '{"id":1,"data":{"left":1,"right":2}}',
    '{"id":1,"rows":[{"name":"a"},{}]}',
    '{"id":1,"numbers":[1,2],"packed":[3,4],"kinds":["A","B"]}',
    '{"id":1,"[ext.v1.note]":"x","[ext.v1.note_list]":[1,2],"[ext.v1.inner]":{"id":5}}',
    '{"id":1,"[ext.v1.Scope.scoped]":7}',
    '{"id":1,"[ext.v1.pair]":{"x":1}}',
  ])
    it(`brings ${text} through as it is`, () => {
      assert.equal(thereAndBack(old, text), text)
      assert.equal(JSON.stringify(old.decode(old.encode(jsonOf(text)))), text)
    })

  it('keeps to presence: what was not sent is absent, whatever its default', () => {
    const always = codecOf(proto2, { defaults: 'always' }, 'ext.v1.M')
    assert.equal(
      always.decodeText(bytesOf('08 01')),
      '{"id":1,"rows":[],"numbers":[],"packed":[],"kinds":[],"byKind":{},"[ext.v1.note_list]":[]}',
    )
  })

  it('writes groups between their tags', () => {
    assert.deepEqual(old.encode(jsonOf('{"id":1,"data":{"left":1}}')), bytesOf('08 01 33 08 01 34'))
  })

  it('puts together a group that comes in parts', () => {
    assert.equal(old.decodeText(bytesOf('08 01 33 08 01 34 33 10 02 34')), '{"id":1,"data":{"left":1,"right":2}}')
  })

  it('refuses a request without a required field, and says which', () => {
    assert.throws(() => old.encode({ count: 1 }), { code: 'INVALID_ARGUMENT', message: 'id: required, and not given' })
    assert.throws(() => old.encode({ id: null }), { message: 'id: required, and not given' })
    assert.throws(() => old.encode({ id: 1, '[ext.v1.inner]': {} }), {
      message: '[ext.v1.inner].id: required, and not given',
    })
  })

  it('cannot answer without a required field', () => {
    assert.throws(() => old.decode(bytesOf('10 01')), { code: 'UNAVAILABLE', status: 502 })
    assert.throws(() => old.decodeText(bytesOf('10 01')), { code: 'UNAVAILABLE', status: 502 })
  })

  it('refuses extensions that are not known, and extensions without their brackets', () => {
    for (const name of ['[ext.v1.other]', 'ext.v1.note', 'note', '[note]'])
      assert.throws(() => old.encode({ id: 1, [name]: 'x' }), { message: `${name}: unknown field` })
  })

  it('takes a number that a closed enum does not name for an unknown field', () => {
    assert.equal(old.decodeText(bytesOf('0801 2809')), '{"id":1}')
    assert.equal(old.decodeText(bytesOf('0801 2801 2809')), '{"id":1,"kind":"B"}')
    assert.equal(old.decodeText(bytesOf('0801 5200 5001 5009 5201 00 520309 01 09')), '{"id":1,"kinds":["B","A","B"]}')
    assert.equal(
      old.decodeText(bytesOf('0801 5a04 0801 1009 5a04 0802 1001 5a02 0803')),
      '{"id":1,"byKind":{"2":"B","3":"A"}}',
    )
    assert.throws(() => old.encode({ id: 1, kind: 9 }), {
      message: 'kind: expected the name or number of an enum value, got 9',
    })
  })
})

describe('editions in JSON', () => {
  it('keep to the presence that features give', () => {
    assert.equal(thereAndBack(edition, '{"explicit":0,"implicit":0,"required":0}'), '{"explicit":0,"required":0}')
    assert.throws(() => edition.encode({ explicit: 1 }), { message: 'required: required, and not given' })
  })

  it('stand on the wire as features say', () => {
    assert.deepEqual(
      edition.encode({ required: 1, inner: { a: 1 }, loose: [1, 2], packed: [1, 2] }),
      bytesOf('1801 23 0801 24 2801 2802 3202 0102'),
    )
  })

  it('have enums open or closed', () => {
    assert.equal(edition.decodeText(bytesOf('1801 3805 4005')), '{"required":1,"open":5}')
    assert.equal(thereAndBack(edition, '{"required":1,"open":5,"closed":"C"}'), '{"required":1,"open":5,"closed":"C"}')
    assert.throws(() => edition.encode({ required: 1, closed: 5 }), { code: 'INVALID_ARGUMENT' })
  })
})

describe('names of enum values for JSON alone', () => {
  it('are written, and taken beside the names of the definition', () => {
    for (const name of ['"gr8 helm"', '"GREAT_HELM"', '1'])
      assert.equal(thereAndBack(armor, `{"armor":${name}}`), '{"armor":"gr8 helm"}')
    assert.equal(thereAndBack(armor, '{"armor":"GORGET"}'), '{"armor":"GORGET"}')
    assert.equal(thereAndBack(armor, '{"armor":"a\\"b"}'), '{"armor":"a\\"b"}')
  })
})

const proto2 = rootOf(`
  syntax = "proto2";
  package ext.v1;
  enum Kind { A = 0; B = 1; }
  message M {
    required int32 id = 1;
    optional int32 count = 2 [default = 7];
    optional string text = 3 [default = "x"];
    optional Kind kind = 5 [default = B];
    optional group Data = 6 { optional int32 left = 1; optional int32 right = 2; }
    repeated group Rows = 7 { optional string name = 1; }
    repeated int32 numbers = 8;
    repeated int32 packed = 9 [packed = true];
    repeated Kind kinds = 10;
    map<int32, Kind> by_kind = 11;
    extensions 100 to 200;
  }
  extend M {
    optional string note = 100;
    repeated int32 note_list = 101;
    optional M inner = 102;
    optional group Pair = 104 { optional int32 x = 1; }
  }
  message Scope {
    extend M { optional int32 scoped = 103; }
  }
`)
const old = codecOf(proto2, {}, 'ext.v1.M')

const edition = codecOf(
  rootOf(`
  edition = "2023";
  message M {
    int32 explicit = 1;
    int32 implicit = 2 [features.field_presence = IMPLICIT];
    int32 required = 3 [features.field_presence = LEGACY_REQUIRED];
    Inner inner = 4 [features.message_encoding = DELIMITED];
    repeated int32 loose = 5 [features.repeated_field_encoding = EXPANDED];
    repeated int32 packed = 6;
    Open open = 7;
    Closed closed = 8;
  }
  message Inner { int32 a = 1; }
  enum Open { O = 0; }
  enum Closed { option features.enum_type = CLOSED; C = 1; }
`),
)

const armor = codecOf(
  rootOf(`
  syntax = "proto2";
  enum Armor {
    NONE = 0;
    GREAT_HELM = 1 [(pb.enumvalue.json).string = "gr8 helm"];
    GORGET = 2;
    GAUNTLET = 3 [(pb.enumvalue.json).string = "a\\"b"];
  }
  message M { optional Armor armor = 1; }
`),
)
