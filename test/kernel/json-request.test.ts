import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { isRawNumber, type Json, numberText, parseLossless } from '../../src/kernel/json.ts'
import { parseBodyToCheck, parseRequestJson, usualJsonLimits } from '../../src/kernel/json-request.ts'
import { Problem } from '../../src/kernel/problem.ts'

describe('parseRequestJson', () => {
  it('keeps every number as its sender wrote it', () => {
    for (const text of ['9007199254740993', '1.10', '1e400', '-0', '1.0', '1E2', '0.1000000000000000055']) {
      const json = parseRequestJson(text)
      assert.ok(isRawNumber(json), text)
      assert.equal(numberText(json), text)
    }
    for (const text of ['0', '-3', '0.5', '123456789012345', '1.7976931348623157e+308', '-1e-7'])
      assert.equal(typeof parseRequestJson(text), 'number', text)
  })

  it('takes __proto__ for a key like any other, and sets no prototype', () => {
    const json = parseRequestJson('{"__proto__":{"polluted":true},"constructor":1,"a":{"__proto__":null}}') as object
    assert.equal(Object.getPrototypeOf(json), Object.prototype)
    assert.deepEqual(Object.keys(json), ['__proto__', 'constructor', 'a'])
    assert.equal((json as { polluted?: boolean }).polluted, undefined)
  })

  it('takes equal keys of different objects, and what looks like keys inside of strings', () => {
    for (const text of [
      '[{"a":1},{"a":{"a":[{"a":2}]}}]',
      '{"a":"\\"a\\":1,\\"a\\":2","b:":"c:d"}',
      '{"\\\\":1,"\\"":2}',
    ])
      assert.equal(JSON.stringify(parseRequestJson(text)), text)
  })

  for (const { text, says } of [
    { text: '{"a":1,"a":2}', says: 'line 1, column 8: the key "a" is there twice' },
    { text: '{"a":1,\n  "b":{"x":1.10,"\\u0078":2}}', says: 'line 2, column 17: the key "x" is there twice' },
    { text: '[{"__proto__":1,"__proto__":2}]', says: 'line 1, column 17: the key "__proto__" is there twice' },
    {
      text: `{"${'k'.repeat(99)}":1,"${'k'.repeat(99)}":2}`,
      says: `line 1, column 106: the key "${'k'.repeat(40)}…" is there twice`,
    },
    { text: '', says: 'line 1, column 1: expected a value, got the end' },
    { text: ' \n\t ', says: 'line 2, column 3: expected a value, got the end' },
    { text: '{"a":1', says: 'line 1, column 7: expected a comma or }, got the end' },
    { text: '{"a":1\n"b":2}', says: 'line 2, column 1: expected a comma or }' },
    { text: '{"a":1,}', says: 'line 1, column 8: expected a name' },
    { text: '{a:1}', says: 'line 1, column 2: expected a name or }' },
    { text: "{'a':1}", says: 'line 1, column 2: expected a name or }' },
    { text: '{"a" 1}', says: 'line 1, column 6: expected a colon' },
    { text: '{"a":}', says: 'line 1, column 6: expected a value' },
    { text: '{1:2}', says: 'line 1, column 2: expected a name or }' },
    { text: '[1,]', says: 'line 1, column 4: expected a value' },
    { text: '[1 2]', says: 'line 1, column 4: expected a comma or ]' },
    { text: '[1', says: 'line 1, column 3: expected a comma or ], got the end' },
    { text: '[', says: 'line 1, column 2: expected a value or ], got the end' },
    { text: '[}', says: 'line 1, column 2: expected a value or ]' },
    { text: '{}{}', says: 'line 1, column 3: expected nothing more' },
    { text: '[]]', says: 'line 1, column 3: expected nothing more' },
    { text: '01', says: 'line 1, column 2: expected nothing more' },
    { text: '+1', says: 'line 1, column 1: expected a value' },
    { text: 'NaN', says: 'line 1, column 1: expected a value' },
    { text: 'True', says: 'line 1, column 1: expected a value' },
    { text: '// no\n1', says: 'line 1, column 1: expected a value' },
    { text: '\ufeff1', says: 'line 1, column 1: expected a value' },
    { text: '"a\nb"', says: 'line 1, column 1: expected a value' },
    { text: '["\\x"]', says: 'line 1, column 2: expected a value or ]' },
    { text: '["\\u12"]', says: 'line 1, column 2: expected a value or ]' },
    { text: '["a]', says: 'line 1, column 2: expected a value or ]' },
  ])
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      const problem = { name: 'Problem', code: 'INVALID_ARGUMENT', message: `The JSON cannot be read: ${says}.` }
      assert.throws(() => parseRequestJson(text), problem)
    })

  it('refuses what is nested too deep, and says where that begins', () => {
    const nested = (times: number) => `${'[{"a":'.repeat(times)}1${'}]'.repeat(times)}`
    assert.equal(JSON.stringify(parseRequestJson(nested(50))), nested(50))
    assert.throws(() => parseRequestJson(nested(51)), { message: /: line 1, column 301: nested more than 100 deep\.$/ })
    assert.throws(() => parseRequestJson('[[]]', { ...usualJsonLimits, depth: 1 }), {
      message: /: line 1, column 2: nested more than 1 deep\.$/,
    })
  })

  it('refuses what holds too many values, members and items alike, and says where that begins', () => {
    const limits = { ...usualJsonLimits, values: 5 }
    for (const text of ['[1,2,3,4]', '{"a":1,"b":[1,2]}', '["[,{,[,{",",,,,,,"]'])
      assert.equal(JSON.stringify(parseRequestJson(text, limits)), text)
    for (const { text, column } of [
      { text: '[1,2,3,4,5]', column: 9 },
      { text: '{"a":1,"b":[1,2,3]}', column: 16 },
      { text: '[[[[[]]]]]', column: 5 },
    ])
      assert.throws(() => parseRequestJson(text, limits), {
        message: `The JSON cannot be read: line 1, column ${column}: more than 5 values.`,
      })
    const list = (size: number) => JSON.stringify(Array.from({ length: size }, () => 0))
    assert.ok(Array.isArray(parseRequestJson(list(99_999))))
    assert.throws(() => parseRequestJson(list(100_000)), { message: /: more than 100000 values\.$/ })
  })

  it('refuses a string or key that is too long, as it is written', () => {
    const limits = { ...usualJsonLimits, string: 5 }
    assert.deepEqual(parseRequestJson('{"abcde":"vwxyz"}', limits), { abcde: 'vwxyz' })
    for (const text of ['["abcdef"]', '{"abcdef":1}', '["\\u0061"]'])
      assert.throws(() => parseRequestJson(text, limits), {
        message: 'The JSON cannot be read: line 1, column 2: a string of more than 5 characters.',
      })
  })

  it('takes a time in proportion to the text, whatever is in it', () => {
    const size = 1_000_000
    const long = [
      '['.repeat(size),
      '{"a":'.repeat(size),
      `[${'1'.repeat(size)}]`,
      `[1e${'9'.repeat(size)}]`,
      `[-${'.'.repeat(size)}]`,
      `"${'\\\\'.repeat(size)}`,
      `"${'\\"'.repeat(size)}`,
      `"${'\\u12'.repeat(size)}"`,
      `[${'"",'.repeat(size)}`,
      ' '.repeat(size),
      '\n'.repeat(size),
    ]
    // Squared, a single one of them would take hours.
    for (const text of long) assert.ok(isJsonOrProblem(text))
  })

  it('takes what JSON.parse takes, but for keys that are there twice', () => {
    fc.assert(
      fc.property(fc.json(), changes, (json, { at, text }) => {
        const place = at % (json.length + 1)
        const changed = json.slice(0, place) + text + json.slice(place + 1)
        const expected = orUndefined(() => parseLossless(changed))
        const given = orUndefined(() => parseRequestJson(changed))
        if (expected === undefined) assert.equal(given, undefined)
        else if (given === undefined) assert.throws(() => parseRequestJson(changed), { message: /is there twice\.$/ })
        else assert.equal(JSON.stringify(given), JSON.stringify(expected))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('parseBodyToCheck', () => {
  it('gives numbers as doubles, and refuses the key __proto__ however it is written', () => {
    const check = (text: string) => parseBodyToCheck(Buffer.from(text), usualJsonLimits)
    assert.deepEqual(check('{"a":[1.10,9007199254740993,1e400],"proto":"__proto__","constructor":"\\u0061"}'), {
      a: [1.1, 9007199254740992, Number.POSITIVE_INFINITY],
      proto: '__proto__',
      constructor: 'a',
    })
    for (const text of ['{"__proto__":1}', '[{"a":[{"\\u005f_proto__":{}}]}]'])
      assert.throws(() => check(text), { code: 'INVALID_ARGUMENT', message: /"__proto__", which is not passed on/ })
    assert.throws(() => check('{"a":1,"a":2}'), { message: /is there twice/ })
    assert.throws(() => parseBodyToCheck(Buffer.from([0x22, 0xff, 0x22]), usualJsonLimits), { message: /not UTF-8/ })
  })
})

const changes = fc.record({
  at: fc.nat(),
  text: fc.constantFrom('', '"', '\\', ':', ',', '{', '}', '[', ']', '0', '-', '.', 'e', ' ', '"a":1,"a":2'),
})

const isJsonOrProblem = (text: string): boolean => {
  try {
    return parseRequestJson(text) !== undefined
  } catch (thrown) {
    return thrown instanceof Problem
  }
}

const orUndefined = (parse: () => Json): Json | undefined => {
  try {
    return parse()
  } catch {
    return undefined
  }
}
