import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { type LinearPattern, linearPattern } from '../../src/kernel/pattern.ts'

describe('linearPattern', () => {
  for (const { pattern, fits, not } of [
    { pattern: '^[a-z0-9]+(?:-[a-z0-9]+)*$', fits: ['a', 'a-b-c1'], not: ['', '-a', 'a-', 'a--b'] },
    { pattern: '\\d{3}-\\d{4}', fits: ['555-1234', 'call 555-1234 now'], not: ['55-1234', '555-123'] },
    { pattern: '^(?<y>\\d{4})(-\\d\\d?){0,2}$', fits: ['2026', '2026-1', '2026-11-21'], not: ['2026-', '2026-1-1-1'] },
    { pattern: '^\\p{Lu}\\p{Ll}+$', fits: ['Ödön'], not: ['ödön', 'O'] },
    { pattern: '^.$', fits: ['😀', '.'], not: ['\n', 'ab'] },
    { pattern: '^[\\w-.]+$', fits: ['a-b.c'], not: ['a b'] },
    { pattern: '\\bcat\\b|^\\Bdog', fits: ['a cat!'], not: ['concat', 'dog'] },
    { pattern: '^\\u{1F600}\\x41\\u0042[\\]\\\\]$', fits: ['😀AB]', '😀AB\\'], not: ['😀AB['] },
    { pattern: '^(|a|ab)*?$', fits: ['', 'aaba'], not: ['b'] },
    { pattern: '^.{1,65535}$', fits: ['a', 'a'.repeat(65_535)], not: ['', 'a'.repeat(65_536)] },
    { pattern: '^[a-z]{2}-\\d+x$', fits: ['ab-12x'], not: ['ab-12', 'a-1x'] },
    { pattern: '', fits: ['', 'a'], not: [] },
  ])
    it(`fits what ${pattern || 'nothing'} fits`, () => {
      const linear = made(pattern)
      for (const text of fits) assert.equal(linear.test(text), true, text)
      for (const text of not) assert.equal(linear.test(text), false, text)
    })

  it('is kept busy by no text, whatever the pattern', () => {
    const text = `${'a'.repeat(50_000)}!`
    // An engine that goes back would be at the first of them still.
    for (const pattern of [
      '^(a+)+$',
      '^(a|a)*$',
      '^(\\w+\\s?)*$',
      'a*a*a*a*b',
      '^(a{1,9}){1,9}$',
      '^a*a{99}b$',
      '^a+a+b$',
      '^a*$',
    ])
      assert.equal(made(pattern).test(text), false, pattern)
  })

  it('tells what it takes, for a bound on all together', () => {
    let steps = 0
    made('^(a|b|ab)*$').test('ab'.repeat(100), (more) => {
      steps += more
    })
    assert.ok(steps > 200 && steps < 2_000, String(steps))
  })

  for (const { pattern, mistake } of [
    { pattern: '(', mistake: 'is no regular expression' },
    { pattern: '^(?=.*\\d).{8,}$', mistake: 'looks ahead or behind' },
    { pattern: 'a(?<!b)', mistake: 'looks ahead or behind' },
    { pattern: '(a)\\1', mistake: 'refers back to a group' },
    { pattern: '(?<n>a)\\k<n>', mistake: 'refers back to a group' },
    { pattern: '^(a.{1,65535}|b)$', mistake: 'repeats too much; bound lengths by maxLength' },
  ])
    it(`says that ${pattern} ${mistake}`, () => {
      assert.deepEqual(linearPattern(pattern), { mistake })
    })

  it('fits what the engine of JavaScript fits', () => {
    fc.assert(
      fc.property(
        patterns,
        fc.string({ unit: fc.constantFrom('a', 'b', '-', 'é', '😀', '_', ' ', '0'), maxLength: 8 }),
        (pattern, text) => {
          const found = linearPattern(pattern)
          assert.ok('test' in found, pattern)
          assert.equal(found.test(text), new RegExp(pattern, 'u').test(text), `${pattern} on ${text}`)
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

// Without \B, which V8 finds inside of a surrogate pair too, where no character ends (ECMA-262 §22.2.7.2).
const { pattern: patterns } = fc.letrec<{ pattern: string; row: string; atom: string }>((tie) => ({
  pattern: fc.array(tie('row'), { minLength: 1, maxLength: 3 }).map((rows) => rows.join('|')),
  row: fc
    .array(fc.tuple(tie('atom'), fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,3}', '{0,}', '*?')), {
      maxLength: 4,
    })
    .map((parts) => parts.map(([atom, sign]) => (/^(?:\^|\$|\\[bB])$/.test(atom) ? atom : atom + sign)).join('')),
  atom: fc.oneof(
    { maxDepth: 1, depthIdentifier: 'pattern' },
    fc.constantFrom(
      'a',
      'b',
      'é',
      '😀',
      '.',
      '\\w',
      '\\W',
      '\\d',
      '\\s',
      '[ab]',
      '[^a]',
      '[^\\w-]',
      '\\p{L}',
      '^',
      '$',
      '\\b',
      '\\u{1F600}',
    ),
    tie('pattern').map((inner) => `(?:${inner})`),
    tie('pattern').map((inner) => `(${inner})`),
  ),
}))

const made = (pattern: string): LinearPattern => {
  const found = linearPattern(pattern)
  assert.ok('test' in found)
  return found
}
