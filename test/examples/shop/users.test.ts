import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { startUsers, type User } from '../../../examples/shop/users/service.ts'
import { bodyOf, httpClient } from './support/http-client.ts'

describe('the users service', () => {
  it('answers a batch with the users it knows, not in the order asked for', async (t) => {
    const { json } = await usersFor(t)
    const { items } = await json<Page>('/users?ids=u-1,u-999,u-3,u-2,u-1')
    assert.deepEqual(
      items.map(({ id }) => id),
      ['u-2', 'u-3', 'u-1'],
    )
  })

  it('refuses more than 100 ids', async (t) => {
    const { get } = await usersFor(t)
    const reply = await get(`/users?ids=${Array.from({ length: 101 }, (_, index) => `u-${index}`).join()}`)
    assert.equal(reply.status, 400)
    assert.match(await reply.text(), /At most 100 ids/)
  })

  it('writes every digit of a number that a double cannot hold', async (t) => {
    const { get } = await usersFor(t)
    for (const path of ['/users/u-2', '/users?ids=u-2', '/users?limit=2']) {
      assert.match(await (await get(path)).text(), /"loyalty_points":9007199254740993,/)
    }
  })

  it('starts with Ada Lovelace', async (t) => {
    const { json } = await usersFor(t)
    const { display_name, email, address } = await json<User>('/users/u-1')
    assert.equal(display_name, 'Ada Lovelace')
    assert.equal(email, 'ada.lovelace@shop.example')
    assert.deepEqual(Object.keys(address), ['street', 'city', 'country'])
  })

  it('answers 404 in JSON for a user it does not know', async (t) => {
    const { get } = await usersFor(t)
    const reply = await get('/users/u-999')
    assert.equal(reply.status, 404)
    assert.equal((await bodyOf<Error>(reply)).message, 'No user u-999.')
  })

  it('pages through all users, each once, with different names', async (t) => {
    const { json } = await usersFor(t)
    const seen: User[] = []
    let cursor: string | null = ''
    do {
      const { items, paging }: Page = await json(`/users?limit=30&cursor=${cursor}`)
      seen.push(...items)
      cursor = paging.next
    } while (cursor)
    assert.equal(seen.length, 64)
    assert.equal(new Set(seen.map(({ id }) => id)).size, 64)
    assert.equal(new Set(seen.map(({ display_name }) => display_name)).size, 64)
  })

  it('refuses a cursor it never gave', async (t) => {
    const { get } = await usersFor(t)
    assert.equal((await get('/users?cursor=bogus')).status, 400)
  })

  it('changes a name, and nothing else', async (t) => {
    const { json, send } = await usersFor(t)
    const before = await json<User>('/users/u-1')
    const reply = await send('PATCH', '/users/u-1', { display_name: 'Ada King' })
    assert.deepEqual(await reply.json(), { ...before, display_name: 'Ada King' })
    assert.equal((await json<User>('/users/u-1')).display_name, 'Ada King')
    assert.equal((await send('PATCH', '/users/u-1', { tier: 'gold' })).status, 400)
    assert.equal((await send('PATCH', '/users/u-999', { display_name: 'Nobody' })).status, 404)
  })
})

interface Page {
  readonly items: readonly User[]
  readonly paging: { readonly next: string | null }
}

async function usersFor(t: TestContext) {
  const users = await startUsers()
  t.after(() => users.close())
  return httpClient(users.address)
}
