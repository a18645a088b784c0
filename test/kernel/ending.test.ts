import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import { whenClosed } from '../../src/kernel/ending.ts'

describe('whenClosed', () => {
  it('runs everything once, in the order in which it was asked, by one listener', () => {
    const closing = new EventEmitter()
    const ran: string[] = []
    whenClosed(closing, () => ran.push('first'))
    whenClosed(closing, () => ran.push('second'))
    assert.equal(closing.listenerCount('close'), 1)
    closing.emit('close')
    closing.emit('close')
    assert.deepEqual(ran, ['first', 'second'])
  })
})
