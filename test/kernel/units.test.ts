import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseDuration, parseSize } from '../../src/kernel/units.ts'

describe('parseDuration', () => {
  it('reads every unit into milliseconds', () => {
    const read = ['800ms', '1.5s', '30s', '5m', '1h', '1d', '0s'].map(parseDuration)
    assert.deepEqual(read, [800, 1_500, 30_000, 300_000, 3_600_000, 86_400_000, 0])
  })

  it('refuses what has no unit, a wrong one, a sign, a gap or more than one part', () => {
    for (const text of ['', '10', '10 s', '-1s', '1S', '1min', '1h30m', '.5s', '1.s', ' 1s', '1s\n'])
      assert.equal(parseDuration(text), undefined, JSON.stringify(text))
  })
})

describe('parseSize', () => {
  it('reads every unit into bytes', () => {
    assert.deepEqual(['512B', '16KiB', '1.5MiB', '1GiB'].map(parseSize), [512, 16_384, 1_572_864, 1_073_741_824])
  })

  it('refuses decimal units, so that nobody guesses which kilo is meant', () => {
    for (const text of ['1KB', '1kb', '1k', '1M', '1024', '1 MiB']) assert.equal(parseSize(text), undefined, text)
  })
})
