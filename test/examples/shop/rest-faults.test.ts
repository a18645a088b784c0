import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { startUsers } from '../../../examples/shop/users/service.ts'
import { until } from '../../support/until.ts'

describe('a REST service with a fault', () => {
  it('slow: answers, but late', async (t) => {
    const { users, get } = await usersFor(t)
    users.faults.set({ mode: 'slow', delayMs: 60 })
    const start = performance.now()
    assert.equal((await get('/users/u-1')).status, 200)
    assert.ok(performance.now() - start >= 59)
  })

  it('fail: answers the status, with Retry-After when given', async (t) => {
    const { users, get } = await usersFor(t)
    users.faults.set({ mode: 'fail', status: 503, retryAfterSeconds: 7 })
    const reply = await get('/users/u-1')
    assert.equal(reply.status, 503)
    assert.equal(reply.headers.get('retry-after'), '7')
    users.faults.set({ mode: 'fail', status: 500 })
    assert.equal((await get('/users/u-1')).headers.get('retry-after'), null)
  })

  it('hang: never answers, and notes that the client gave up', async (t) => {
    const { users, get } = await usersFor(t)
    users.faults.set({ mode: 'hang' })
    const patience = new AbortController()
    const reply = get('/users/u-1', patience.signal)
    await until(() => users.calls.count() === 1)
    patience.abort()
    await assert.rejects(reply, { name: 'AbortError' })
    await until(() => users.calls.cancelled() === 1)
  })

  it('garbage: answers 200 with what is not JSON', async (t) => {
    const { users, get } = await usersFor(t)
    users.faults.set({ mode: 'garbage' })
    const reply = await get('/users/u-1')
    assert.equal(reply.status, 200)
    assert.match(reply.headers.get('content-type') ?? '', /^application\/json/)
    await assert.rejects(reply.json(), SyntaxError)
  })

  it('half: breaks off in the middle of the body', async (t) => {
    const { users, get } = await usersFor(t)
    users.faults.set({ mode: 'half' })
    const reply = await get('/users/u-1')
    assert.equal(reply.status, 200)
    assert.equal(reply.headers.get('content-length'), '1000')
    await assert.rejects(reply.text(), { message: 'terminated' })
    assert.equal(users.calls.cancelled(), 0)
  })

  it('lets the longest start of a path or a method and path win', async (t) => {
    const { users, get } = await usersFor(t)
    users.faults.set({ mode: 'fail', status: 500 })
    users.faults.set({ mode: 'fail', status: 502, on: '/users/u-2' })
    users.faults.set({ mode: 'ok', on: 'GET /users/u-3' })
    assert.equal((await get('/users/u-1')).status, 500)
    assert.equal((await get('/users/u-2')).status, 502)
    assert.equal((await get('/users/u-3')).status, 200)
    users.faults.clear()
    assert.equal((await get('/users/u-1')).status, 200)
  })

  it('is well again after so many calls, when told', async (t) => {
    const { users, get } = await usersFor(t)
    users.faults.set({ mode: 'fail', status: 503, times: 2 })
    const replies = [await get('/users/u-1'), await get('/users/u-1'), await get('/users/u-1')]
    assert.deepEqual(
      replies.map(({ status }) => status),
      [503, 503, 200],
    )
  })

  it('closes promptly with a call that hangs', async () => {
    const users = await startUsers()
    users.faults.set({ mode: 'hang' })
    const reply = assert.rejects(fetch(`${users.address}/users/u-1`))
    await until(() => users.calls.count() === 1)
    await users.close()
    await reply
  })
})

describe('the record of REST calls', () => {
  it('holds path and query, headers, body and how many ids were asked for', async (t) => {
    const { users, get } = await usersFor(t)
    await get('/users?ids=u-1,u-2')
    const [call] = users.calls.list()
    assert.equal(call?.name, 'GET /users?ids=u-1,u-2')
    assert.equal(call?.keys, 2)
    assert.equal(call?.headers['host'], users.address.replace('http://', ''))

    const body = JSON.stringify({ display_name: 'Ada' })
    const headers = { 'content-type': 'application/json' }
    await fetch(`${users.address}/users/u-1`, { method: 'PATCH', headers, body })
    assert.deepEqual(users.calls.list()[1]?.body, { display_name: 'Ada' })
  })

  it('also has calls to unknown paths, counts by a part of the name, and can be cleared', async (t) => {
    const { users, get } = await usersFor(t)
    assert.equal((await get('/elsewhere')).status, 404)
    await get('/users/u-1')
    assert.equal(users.calls.count(), 2)
    assert.equal(users.calls.count('/users/'), 1)
    users.calls.clear()
    assert.equal(users.calls.count(), 0)
  })

  it('keeps the last 1,000', async (t) => {
    const { users, get } = await usersFor(t)
    for (let first = 1; first <= 1_001; first += 77) {
      await Promise.all(Array.from({ length: 77 }, (_, index) => get(`/users/u-${first + index}`)))
    }
    assert.equal(users.calls.count(), 1_000)
    assert.equal(users.calls.count('/users/u-1001'), 1)
  })
})

async function usersFor(t: TestContext) {
  const users = await startUsers()
  t.after(() => users.close())
  return {
    users,
    get: (path: string, signal?: AbortSignal) => fetch(users.address + path, signal ? { signal } : {}),
  }
}
