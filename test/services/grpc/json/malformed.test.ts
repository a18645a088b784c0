import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytesOf, codecOf, rootOf } from './protos.ts'

describe('bytes that are no message', () => {
  for (const { title, hex } of [
    { title: 'a field with the number 0', hex: '01 4445414442454546' },
    { title: 'a field with the number 0 in two bytes', hex: '8000 01' },
    { title: 'a field with the number 0 inside of a group', hex: 'fb07 0001 fc07' },
    { title: 'a field number that is too high', hex: '88 8080808080 0f d209' },
    { title: 'a field number of more than 32 bits', hex: '88 808080 40 d209' },
    { title: 'a tag of more bytes than it needs', hex: '88 80808080808080 00 d209' },
    { title: 'a tag without its value', hex: '08' },
    { title: 'a tag that is cut off', hex: '88' },
    { title: 'a number that is cut off', hex: '08 80' },
    { title: 'a number of eleven bytes', hex: '08 8080808080808080808001' },
    { title: 'a number of eleven bytes that nobody wants', hex: 'f806 8080808080808080808001' },
    { title: 'four bytes that are three', hex: '1d 000000' },
    { title: 'eight bytes that are seven', hex: '21 00000000000000' },
    { title: 'a string that is cut off', hex: '12 05 6162' },
    { title: 'a length past 32 bits', hex: '12 8080808010 61' },
    { title: 'a length past everything', hex: '12 ffffffffffffffffff01 61' },
    { title: 'a message that goes past the one around it', hex: '2a 02 1205 616263' },
    { title: 'a number that goes past its message', hex: '2a 02 0880 01' },
    { title: 'a packed list that ends inside of a number', hex: '32 02 0180 01' },
    { title: 'a packed list that ends inside of four bytes', hex: '3a 05 0000000000' },
    { title: 'a packed enum list that ends inside of a number', hex: '62 02 0180 01' },
    { title: 'an entry that is cut off', hex: '42 03 0a05 61' },
    { title: 'wire type 6', hex: '0e 00' },
    { title: 'wire type 7', hex: 'ff01 00' },
    { title: 'the end of a group that did not begin', hex: '4c' },
    { title: 'the end of an unknown group that did not begin', hex: '9c40' },
    { title: 'the end of a group inside of a message', hex: '2a 01 4c' },
    { title: 'a group without its end', hex: '4b 0801' },
    { title: 'an unknown group without its end', hex: '9b40 0801' },
    { title: 'a group that ends as another', hex: '4b 0801 54' },
    { title: 'a group inside of a group without its end', hex: '4b 9b40 4c' },
    { title: 'a group that goes past its message', hex: '2a 01 4b 4c' },
    { title: 'a string that is not UTF-8', hex: '12 04 a0b0c0d0' },
    { title: 'a long string that is not UTF-8', hex: `12 28 ${'61'.repeat(39)}ff` },
    { title: 'half of a surrogate pair in a string', hex: '12 03 eda080' },
    { title: 'a string in a list that is not UTF-8', hex: '52 01 ff' },
    { title: 'a key that is not UTF-8', hex: '42 06 0a01ff 120161' },
    { title: 'a map value that is not UTF-8', hex: '42 06 0a0161 1201ff' },
    { title: 'the string of a oneof that is not UTF-8', hex: '5a 01 80' },
  ])
    it(`are refused for ${title}`, () => {
      const bytes = bytesOf(hex)
      const problem = {
        name: 'Problem',
        code: 'UNAVAILABLE',
        status: 502,
        message: 'A service gave an answer that cannot be read.',
      }
      assert.throws(() => message.decode(bytes), problem)
      assert.throws(() => message.decodeText(bytes), problem)
    })

  it('are refused when messages are nested more than a hundred deep, in every way of nesting', () => {
    for (const wrap of [asMessage, asGroup, asUnknownGroup, asMapValue]) {
      let bytes: Buffer = Buffer.alloc(0)
      for (let depth = 0; depth < 100; depth += 1) bytes = wrap(bytes)
      message.decode(bytes)
      message.decodeText(bytes)
      for (const tooDeep of [
        wrap(bytes),
        Array.from({ length: 3_000 }).reduce<Buffer>((inner) => wrap(inner), bytes),
      ]) {
        assert.throws(() => message.decode(tooDeep), { code: 'UNAVAILABLE' })
        assert.throws(() => message.decodeText(tooDeep), { code: 'UNAVAILABLE' })
      }
    }
  })

  it('are read once, however often their messages come in parts inside of parts', () => {
    // Read with each part anew, this would take 2 to the power of 90 steps.
    for (const wrap of [asMessage, asGroup]) {
      let bytes: Buffer = Buffer.alloc(0)
      for (let depth = 0; depth < 90; depth += 1) bytes = Buffer.concat([wrap(bytes), wrap(bytesOf('0801'))])
      assert.match(message.decodeText(bytes), /^\{"/)
    }
  })

  it('are refused where a few of them would be endless JSON', () => {
    const emptyOnes = Buffer.alloc(2 * 2_000_000, bytesOf('6a00'))
    assert.throws(() => codecOf(root, { defaults: 'always' }).decodeText(emptyOnes), { code: 'UNAVAILABLE' })
  })
})

const root = rootOf(`
  syntax = "proto2";
  message M {
    optional int32 number = 1;
    optional string text = 2;
    optional fixed32 four = 3;
    optional fixed64 eight = 4;
    optional M inner = 5;
    repeated int32 numbers = 6 [packed = true];
    repeated fixed32 fours = 7 [packed = true];
    map<string, string> texts = 8;
    optional group Group = 9 { optional int32 number = 1; optional M inner = 5; }
    repeated string list = 10;
    oneof choice { string word = 11; }
    repeated Kind kinds = 12;
    repeated M many = 13;
    map<string, M> by_name = 14;
  }
  enum Kind { A = 0; B = 1; }
`)

const message = codecOf(root)

function delimited(tag: string, content: Buffer): Buffer {
  return Buffer.concat([bytesOf(tag), lengthOf(content), content])
}

function lengthOf({ length }: Buffer): Buffer {
  const bytes: number[] = []
  let rest = length
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}

function asMessage(content: Buffer): Buffer {
  return delimited('2a', content)
}

function asGroup(content: Buffer): Buffer {
  return Buffer.concat([bytesOf('4b'), content, bytesOf('4c')])
}

function asUnknownGroup(content: Buffer): Buffer {
  return Buffer.concat([bytesOf('9b40'), content, bytesOf('9c40')])
}

function asMapValue(content: Buffer): Buffer {
  return delimited('72', delimited('12', content))
}
