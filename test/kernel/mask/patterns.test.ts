import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findLike, patterns } from '../../../src/kernel/mask/patterns.ts'
import { shortened } from '../../../src/kernel/shortened.ts'
import { ownMs } from '../../support/own-time.ts'

const found = (find: (text: string) => readonly number[], text: string): readonly string[] => {
  const spans = find(text)
  return spans.flatMap((start, i) => (i % 2 === 0 ? [text.slice(start, spans[i + 1])] : []))
}

describe('patterns', () => {
  for (const [name, text, expected] of [
    ['card', 'pay 4111 1111 1111 1111 12/26, 378282246310005', ['4111 1111 1111 1111', '378282246310005']],
    ['card', '12 4111111111111111 12', ['4111111111111111']],
    ['card', '4111111111111112 1700000000000 0000000000000000', []],
    ['card', '6011-1111-1111-1117', ['6011-1111-1111-1117']],
    [
      'email',
      'from ada@id.test, <grace.h+x@sub.example.org>. And a@b, @x.y',
      ['ada@id.test', 'grace.h+x@sub.example.org'],
    ],
    ['email', 'user=a@b.c&next=ü@ö.de', ['a@b.c', 'ü@ö.de']],
    [
      'iban',
      'to DE89 3704 0044 0532 0130 00 today, GB82WEST12345698765432',
      ['DE89 3704 0044 0532 0130 00', 'GB82WEST12345698765432'],
    ],
    ['iban', 'DE88370400440532013000', []],
    [
      'token',
      'Authorization: Bearer abc.def-ghi= and eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.x',
      ['abc.def-ghi=', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.x'],
    ],
    ['token', 'the bearer of eyJ.news', []],
  ] as const)
    it(`finds ${expected.length === 0 ? 'nothing' : expected.join(' and ')} by ${name}`, () => {
      assert.deepEqual(found(patterns[name], text), expected)
    })

  it('takes forms of one’s own, and none that fits nearly everything', () => {
    const like = findLike('EMP-####+')
    assert.deepEqual(found(like ?? assert.fail(), 'of EMP-12345A, emp-1234, EMP-123 and xEMP-0000'), [
      'EMP-12345A',
      'EMP-0000',
    ])
    assert.equal(findLike('##'), undefined)
  })

  it('takes time in proportion to the text, whatever it holds', async () => {
    const hostile = [
      '4 ',
      '4111 ',
      'a@',
      '@a.',
      'eyJ',
      'eyJ-',
      'eyJ.',
      'Bearer ',
      'DE89',
      'DE89 ',
      'DE89A ',
      '1-',
      'EMP-',
    ]
    const like = findLike('EMP-####+') ?? assert.fail()
    for (const part of hostile) {
      const text = part.repeat(Math.ceil(400_000 / part.length))
      for (const find of [...Object.values(patterns), like]) {
        const took = await ownMs(Promise.resolve().then(() => find(text)))
        assert.ok(took < 2_000, `${part} took ${took} ms`)
      }
    }
  })
})

describe('shortened', () => {
  it('leaves no half of a card number or of an address, which no pattern would find', () => {
    for (const [text, shown] of [
      [`${'pay '.repeat(14)}4111 1111 1111 1111`, `${'pay '.repeat(14)}…`],
      [`${'pay '.repeat(14)}4111111111111111`, `${'pay '.repeat(14)}…`],
      [`${'x '.repeat(29)}ada@id.example`, `${'x '.repeat(29)}…`],
      ['9'.repeat(100), `${'9'.repeat(64)}…`],
      ['4111 1111', '4111 1111'],
    ] as const)
      assert.equal(shortened(text), shown)
  })
})
