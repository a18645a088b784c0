import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createResources } from '../../src/services/resources.ts'

describe('createResources', () => {
  it('makes the value of a key once and shares it', () => {
    const { acquire, made } = pools()
    assert.equal(acquire('a').value, acquire('a').value)
    assert.notEqual(acquire('a').value, acquire('b').value)
    assert.deepEqual(made, ['a', 'b'])
  })

  it('closes a value when the last share is given back, and not before', async () => {
    const { acquire, closed } = pools()
    const [first, second] = [acquire('a'), acquire('a')]
    await first.release()
    assert.deepEqual(closed, [])
    await second.release()
    assert.deepEqual(closed, ['a'])
  })

  it('counts a share that is given back twice once', async () => {
    const { acquire, closed } = pools()
    const [first] = [acquire('a'), acquire('a')]
    await first.release()
    await first.release()
    assert.deepEqual(closed, [])
  })

  it('makes a new value after the old one is closed', async () => {
    const { acquire, made } = pools()
    await acquire('a').release()
    acquire('a')
    assert.deepEqual(made, ['a', 'a'])
  })

  it('closes everything once at the end, and says what would not close', async () => {
    const { acquire, closed, resources } = pools()
    const lease = acquire('a')
    acquire('b')
    resources.acquire(
      'c',
      () => 'c',
      () => Promise.reject(new Error('stuck')),
    )
    await assert.rejects(
      resources.closeAll(),
      (thrown) => thrown instanceof AggregateError && thrown.errors.length === 1,
    )
    await lease.release()
    assert.deepEqual(closed, ['a', 'b'])
  })
})

const pools = () => {
  const resources = createResources()
  const made: string[] = []
  const closed: string[] = []
  return {
    resources,
    made,
    closed,
    acquire: (key: string) =>
      resources.acquire(
        key,
        () => {
          made.push(key)
          return { key }
        },
        () => {
          closed.push(key)
        },
      ),
  }
}
