import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { maskJson, Unmaskable } from '../../../src/kernel/mask/json.ts'
import { createMasker } from '../../../src/kernel/mask/masker.ts'
import { parsePath } from '../../../src/kernel/mask/path.ts'
import { patterns } from '../../../src/kernel/mask/patterns.ts'
import { type Becomes, becoming } from '../../../src/kernel/mask/rule.ts'

describe('maskJson', () => {
  it('reaches through lists at any depth and from any root, and copies the rest as it stands', () => {
    const mask = masking([['user.cards[].number', 'last4']])
    assert.equal(
      mask('[{"user": {"cards": [[{"number": "4111111111111111", "n":1.10}], {"number":4111111111111111}]}}]'),
      '[{"user": {"cards": [[{"number": "****1111", "n":1.10}], {"number":"****1111"}]}}]',
    )
    assert.equal(
      mask('{"user":{"cards":{"number":"12"}},"number":12345678901234567890}'),
      '{"user":{"cards":{"number":"****"}},"number":12345678901234567890}',
    )
  })

  it('removes members wherever they stand, and leaves sound JSON', () => {
    const mask = masking([['**.password', 'remove']])
    for (const [before, after] of [
      ['{"password":1}', '{}'],
      ['{"password":1,"a":2}', '{"a":2}'],
      ['{"a":2,"password":{"b":[1]}}', '{"a":2}'],
      ['{"a":2 , "password":1 , "b":3}', '{"a":2 , "b":3}'],
      ['{"password":1,"password":2,"a":{"password":3}}', '{"a":{}}'],
      ['{"pass\\u0077ord":1,"a":[{"password":1}]}', '{"a":[{}]}'],
      ['["password"]', '["password"]'],
    ] as const)
      assert.deepEqual(mask(before), after)
    assert.equal(masking([['**.password', 'remove']], 'null')('{"password":["a","b"]}'), '{"password":null}')
  })

  it('masks what patterns find in strings, names and numbers', () => {
    const card = createMasker([{ path: undefined, find: patterns.card, become: becoming('last4', undefined) }])
    const mask = (text: string): string => maskJson(text, card, { removed: 'gone' })
    assert.equal(
      mask('{"4111 1111 1111 1111": [4111111111111111, "of 5500-0000-0000-0004 \\u0034111111111111111"]}'),
      '{"****1111": ["****1111", "of ****0004 ****1111"]}',
    )
    const untouched = '{"time":1700000000000,"id":9223372036854775807,"phone":"+49 170 1234567"}'
    assert.equal(mask(untouched), untouched)
  })

  it('refuses what is no JSON, and what nests too deep, and shows nothing of it', () => {
    const mask = masking([['a', 'remove']])
    for (const text of [
      '',
      '{"a":1',
      '{"a":1}}',
      '{a:1}',
      '{"a" 1}',
      '[1,]',
      '{"a":"\\x"}',
      '"\n"',
      '01',
      'nul',
      '[1 2]',
      '{"a":1,}',
      '﻿{}',
      '['.repeat(100_000),
    ])
      assert.throws(() => mask(text), Unmaskable, text.slice(0, 20))
  })

  it('lets no masked path through, whatever the document and however it is written', () => {
    fc.assert(
      fc.property(
        document,
        paths,
        fc.infiniteStream(fc.nat(7)),
        fc.constantFrom<Becomes>('remove', 'last4', { text: 'x' }),
        (value, rules, how, becomes) => {
          const next = (): number => how.next().value as number
          const text = written(value, next)
          const masked = masking(rules.map((path) => [path, becomes]))(text)
          const whole = masking(
            rules.map((path) => [path, becomes]),
            'null',
          )(text)
          const names = rules.map((path) => parsePath(path) ?? [])
          for (const one of [masked, whole]) {
            const kept = leavesOf(JSON.parse(one))
            for (const { path, leaf } of leavesOf(value))
              assert.equal(
                kept.some((found) => found.leaf === leaf),
                !names.some((rule) => path.some((_, length) => fits(rule, path.slice(0, length + 1)))),
                `${path.join('.')} of ${text} by ${rules.join(', ')} is ${one}`,
              )
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

const masking = (rules: readonly (readonly [string, Becomes])[], removed: 'gone' | 'null' = 'gone') => {
  const masker = createMasker(
    rules.map(([path, becomes]) => ({ path: parsePath(path), find: undefined, become: becoming(becomes, undefined) })),
  )
  return (text: string): string => maskJson(text, masker, { removed })
}

type Value = string | readonly Value[] | { readonly [name: string]: Value }

const names = ['a', 'b', 'c', '__proto__']
let leaf = 0
/** Every leaf is another text, which nothing else holds. */
const { document } = fc.letrec<{ document: Value; object: Value }>((tie) => ({
  document: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.constant(null).map(() => `leaf ${(leaf += 1)} of many`),
    fc.array(tie('document'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...names), tie('document')), { selector: ([name]) => name, maxLength: 4 })
    .map(
      (members) =>
        JSON.parse(`{${members.map(([name, value]) => `"${name}":${JSON.stringify(value)}`).join(',')}}`) as Value,
    ),
}))

const paths = fc.array(
  fc
    .tuple(fc.array(fc.constantFrom(...names, '*', '**'), { maxLength: 3 }), fc.constantFrom(...names))
    .map(([before, last]) => [...before, last].join('.')),
  { minLength: 1, maxLength: 3 },
)

/** JSON with blanks, and names spelled with escapes. */
const written = (value: Value, next: () => number): string => {
  const blank = (): string => ['', '', '', ' ', '\n', '\t '][next()] ?? ''
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value))
    return `[${blank()}${value.map((item: Value) => written(item, next)).join(`${blank()},${blank()}`)}]`
  const members = Object.entries(value).map(([name, item]) => {
    const spelled = next() < 3 ? `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}` : name
    return `"${spelled}"${blank()}:${blank()}${written(item, next)}`
  })
  return `{${blank()}${members.join(`${blank()},${blank()}`)}${blank()}}`
}

const leavesOf = (value: Value, path: readonly string[] = []): readonly { path: readonly string[]; leaf: string }[] => {
  if (typeof value === 'string') return [{ path, leaf: value }]
  if (value === null || typeof value !== 'object') return []
  if (Array.isArray(value)) return value.flatMap((item: Value) => leavesOf(item, path))
  return Object.entries(value).flatMap(([name, item]) => leavesOf(item, [...path, name]))
}

/** What a path means, said in the plainest way. */
const fits = ([first, ...rest]: readonly string[], path: readonly string[]): boolean => {
  if (first === undefined) return path.length === 0
  if (first === '**') return fits(rest, path) || (path.length > 0 && fits([first, ...rest], path.slice(1)))
  return path.length > 0 && (first === '*' || first === path[0]) && fits(rest, path.slice(1))
}
