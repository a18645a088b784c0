import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { allCodes, codeEntry, codeGroups } from '../../src/kernel/codes/codes.ts'

describe('codes of diagnostics', () => {
  it('stand in one group each', () => {
    const all = codeGroups.flatMap(({ codes }) => Object.keys(codes))
    assert.deepEqual(all.toSorted(), allCodes)
    assert.equal(new Set(all).size, all.length)
  })

  it('have a number of three digits, a title without a stop, and sentences for cause and fix', () => {
    for (const code of allCodes) {
      const { title, cause, fix } = codeEntry(code) ?? { title: '', cause: '', fix: '' }
      assert.match(code, /^PORTICO-\d{3}$/)
      assert.match(title, /[^.]$/, code)
      assert.match(cause, /\.$/, code)
      assert.match(fix, /\.$/, code)
    }
  })

  it('are each shown by a test, with the mistake that makes them', () => {
    const tests = globSync('test/**/*.{ts,md}')
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n')
    assert.deepEqual(
      allCodes.filter((code) => !tests.includes(code)),
      [],
    )
  })

  it('are each made somewhere, and each has its section in the reference', () => {
    const made = globSync('src/**/*.ts')
      .filter((file) => !file.replaceAll('\\', '/').includes('kernel/codes/'))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n')
    const reference = readFileSync('docs/reference/diagnostics.md', 'utf8')
    assert.deepEqual(
      allCodes.filter((code) => !made.includes(`'${code}'`)),
      [],
    )
    assert.deepEqual(
      allCodes.filter((code) => !reference.includes(`### ${code}: `)),
      [],
    )
  })
})
