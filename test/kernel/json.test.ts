import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { isRawNumber, numberText, parseExactIntegers, parseLossless } from '../../src/kernel/json.ts'

describe('parseLossless', () => {
  it('gives back every number as its sender wrote it, whatever stands around it', () => {
    fc.assert(
      fc.property(document, (text) => {
        assert.equal(JSON.stringify(parseLossless(text)), text)
      }),
      { numRuns: 2_000 },
    )
  })

  it('gives back digits that are many only on both sides of the point together, and small fractions', () => {
    for (const text of ['10000000000.007813', '0.0000001']) assert.equal(JSON.stringify(parseLossless(text)), text)
  })

  it('keeps plain what a double holds, and raw what it does not', () => {
    assert.deepEqual(parseLossless('[1, 0.5, -3, 123456789012345]'), [1, 0.5, -3, 123_456_789_012_345])
    const texts = ['9007199254740993', '1.10', '1e400', '-0', '1.0', '1E2', '0.1000000000000000055']
    for (const text of texts) {
      const value = parseLossless(text)
      assert.ok(isRawNumber(value), text)
      assert.equal(numberText(value), text)
    }
  })

  it('leaves texts alone that look like such numbers', () => {
    assert.deepEqual(parseLossless('{"a":"9007199254740993","b":"1.10"}'), { a: '9007199254740993', b: '1.10' })
  })

  it('throws a SyntaxError on what is no JSON', () => {
    for (const text of ['', '{', '01', '1.', 'NaN', '{"a":9007199254740993,}'])
      assert.throws(() => parseLossless(text), SyntaxError, text)
  })
})

describe('parseExactIntegers', () => {
  it('keeps 64-bit integers exact', () => {
    assert.equal(JSON.stringify(parseExactIntegers('{"id":9223372036854775807}')), '{"id":9223372036854775807}')
  })
})

const digits = (maxLength: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${maxLength}}$`))
/** Any digits on either side of the point. */
const decimal = fc.tuple(
  fc.stringMatching(/^(0|[1-9][0-9]{0,19})$/),
  fc.oneof(
    fc.constant(''),
    digits(20).map((text) => `.${text}`),
  ),
)
const exponent = fc.oneof(
  fc.constant(''),
  fc
    .tuple(fc.constantFrom('e', 'E', 'e+', 'E-'), fc.constantFrom('0', '7', '02', '400'))
    .map((parts) => parts.join('')),
)
const number = fc
  .tuple(fc.constantFrom('', '-'), decimal, exponent)
  .map(([sign, parts, power]) => [sign, ...parts, power].join(''))

/** JSON without whitespace, as text, so that no number has been through a double. */
const { document } = fc.letrec<{ readonly document: string }>((tie) => ({
  document: fc.oneof(
    { depthSize: 'small' },
    number,
    fc.constantFrom('true', 'false', 'null'),
    fc.string().map((text) => JSON.stringify(text)),
    fc.array(tie('document'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(tie('document'), { maxLength: 4 })
      .map((items) => `{${items.map((item, i) => `"k${i}":${item}`).join(',')}}`),
  ),
}))
