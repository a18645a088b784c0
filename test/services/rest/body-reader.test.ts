import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createBodyReader } from '../../../src/services/rest/body-reader.ts'

describe('a reader of JSON bodies', () => {
  it('gives the same object for a body it has seen before, and it cannot be changed', () => {
    const { read } = reader()
    const [first, second, third] = [read('/a', long), read('/a', long), read('/a', long)]
    assert.deepEqual(second, first)
    assert.equal(third, second)
    assert.notEqual(second, first)
    assert.throws(() => ((second as { list: { n: number }[] }).list[0] ?? { n: 0 }).n++, TypeError)
  })

  it('leaves a body that came once to whoever got it', () => {
    const { read } = reader()
    const mine = read('/a', long) as { list: { n: number }[] }
    mine.list.length = 0
    assert.equal((read('/a', long) as { list: object[] }).list.length, 100)
  })

  it('reads a changed body anew, though it is as long', () => {
    const { read } = reader()
    read('/a', long)
    read('/a', long)
    const changed = long.replace('"n":99', '"n":98')
    assert.deepEqual(read('/a', changed), JSON.parse(changed))
  })

  it('keeps every digit where all are asked for, whoever asked before', () => {
    const { read } = reader()
    const text = long.replace('"n":1}', '"n":1.10}')
    assert.equal(JSON.stringify(read('/a', text, 'integers')), long.replace('"n":1}', '"n":1.1}'))
    for (let turn = 0; turn < 3; turn += 1) assert.equal(JSON.stringify(read('/a', text, 'all')), text)
  })

  it('forgets old bodies rather than grow', () => {
    const { read } = reader()
    const big = JSON.stringify({ text: 'x'.repeat(200_000) })
    read('/0', big)
    const again = read('/0', big)
    for (let path = 1; path < 60; path += 1) read(`/${path}`, big)
    assert.notEqual(read('/0', big), again)
  })

  it('remembers few bodies where none comes again, and all once some do', () => {
    const { read } = reader()
    const known = (path: string): boolean => {
      read(path, long)
      return read(path, long) === read(path, long)
    }
    for (let path = 0; path < 2_000; path += 1) read(`/once/${path}`, long)
    assert.equal(known('/again'), false)
    for (let turn = 0; turn < 100; turn += 1) for (let path = 0; path < 8; path += 1) read(`/again/${path}`, long)
    assert.ok(Array.from({ length: 8 }, (_, path) => known(`/later/${path}`)).every(Boolean))
  })
})

const long = JSON.stringify({ list: Array.from({ length: 100 }, (_, n) => ({ n })) })

const reader = () => {
  const read = createBodyReader()
  return {
    read: (path: string, text: string, exact: 'all' | 'integers' = 'integers') => read(path, Buffer.from(text), exact),
  }
}
