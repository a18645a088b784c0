import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dataOf, execute } from '../../../src/graph/execute/execute.ts'
import { createStaleValues } from '../../../src/graph/execute/stale.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { diagnosticsOf, idsIn, type RunOptions, world } from '../support/graph.ts'

describe('@fallback', () => {
  it('stands in for a call that fails, and the failure is told', async () => {
    const { down, run } = shop()
    down.add('users')
    assert.deepEqual(await run('{ shipping { days by } }'), {
      data: { shipping: { days: 3, by: 'MAIL' } },
      told: ['shipping UNAVAILABLE value'],
    })
  })

  it('is given to the calls below it like any value', async () => {
    const { down, run } = shop()
    down.add('users')
    const { data } = await run('{ shipping { depot { name } } }')
    assert.deepEqual(data, { shipping: { depot: { name: 'd-1' } } })
  })

  it('is the last good value where stale may be, up to its age, key by key', async () => {
    const { down, run, pass } = shop()
    const query = '{ a: product(id: 1) { stock } b: product(id: 2) { stock } }'
    await run('{ product(id: 1) { stock } }')
    down.add('stock')
    pass(59_000)
    assert.deepEqual(await run(query), {
      data: { a: { stock: 10 }, b: { stock: 0 } },
      told: ['a.stock UNAVAILABLE stale', 'b.stock UNAVAILABLE value'],
    })
    pass(2_000)
    assert.deepEqual((await run(query)).data, { a: { stock: 0 }, b: { stock: 0 } })
  })

  it('is never the value of another caller where the service is told who asks', async () => {
    const { down, run } = shop()
    await run('{ greeting }', { identity: { subject: 'ada' } })
    down.add('profiles')
    assert.deepEqual(await run('{ greeting }', { identity: { subject: 'ada' } }), {
      data: { greeting: 'hello' },
      told: ['greeting UNAVAILABLE stale'],
    })
    assert.deepEqual(await run('{ greeting }', { identity: { subject: 'bob' } }), {
      data: { greeting: null },
      told: ['greeting UNAVAILABLE undefined'],
    })
    assert.deepEqual((await run('{ greeting }')).data, { greeting: null })
  })

  it('keeps no more than 32 MiB, nothing above 1 MiB, and forgets what was not used for longest', () => {
    const values = createStaleValues({ now: () => 0, date: () => 0 })
    for (let i = 0; i < 100; i += 1) values.keep(`${i}`, [{ text: 'x'.repeat(1_000_000) }])
    const kept = Array.from({ length: 100 }, (_, i) => i).filter((i) => values.recall(`${i}`, 1) !== undefined)
    assert.deepEqual([kept.length, kept[0]], [33, 67])
    values.keep('99', 'x'.repeat(1_048_576))
    assert.equal(values.recall('99', 1), undefined)
  })

  it('stands in for no answer: not found, refused and wrong arguments stay what they are', async () => {
    const { missing, run } = shop()
    missing.add('users')
    assert.deepEqual(await run('{ shipping { days } }'), {
      data: { shipping: null },
      told: ['shipping NOT_FOUND undefined'],
    })
    assert.deepEqual(await run('{ guarded }'), { data: { guarded: null }, told: ['guarded UNAUTHENTICATED undefined'] })
  })

  it('is checked: it stands where a call is made, and says what or how long', () => {
    const told = diagnosticsOf(`
      type Query { a: A @rest(service: "users", get: "/a") @fallback b: Int @rest(service: "users", get: "/b") @fallback(stale: "soon") }
      type Mutation { c: Int @rest(service: "users", post: "/c") @fallback(value: 1) }
      type A { d: Int @fallback(value: 1) }`)
    assert.match(told, /@fallback needs a `value`, or how `stale` the last good one may be\./)
    assert.match(told, /Expected a duration such as 30s or 5m\./)
    assert.match(told, /A mutation that fails has failed: @fallback stands on fields of queries\./)
    assert.match(told, /A\.d makes none: put it on the field above that does\./)
  })
})

const sdl = `
type Query {
  shipping: Shipping
    @rest(service: "users", get: "/shipping", notFound: ERROR)
    @fallback(value: { days: 3, by: "mail", depotId: "d-1" })
  product(id: ID!): Product @rest(service: "users", get: "/products/{args.id}")
  greeting: String @rest(service: "profiles", get: "/greeting") @fallback(stale: "1m")
  guarded: String @rest(service: "users", get: "/guarded") @fallback(value: "open") @auth(scopes: [["admin"]])
}
type Shipping {
  days: Int
  by: Carrier
  depotId: ID @internal
  depot: Depot @rest(service: "orders", get: "/depots/{this.depotId}")
}
enum Carrier { MAIL @from(enum: ["mail"]) }
type Depot { name: String }
type Product {
  id: ID!
  stock: Int
    @rest(service: "orders", get: "/stock?ids={keys.id|join(',')}", batch: { match: "of", items: "count" })
    @fallback(stale: "1m", value: 0)
}
`

const shop = () => {
  const down = new Set<string>()
  const missing = new Set<string>()
  let now = 0
  const { requestFor, tools } = world({
    sdl,
    clock: { now: () => now, date: () => now },
    answer({ line }): Json {
      const what = line.includes('/stock') ? 'stock' : (line.split(' ')[0] ?? '')
      if (down.has(what) && !line.includes('/products')) throw new Problem('UNAVAILABLE', 'down')
      if (missing.has(what)) throw new Problem('NOT_FOUND', 'nothing')
      if (what === 'stock') return idsIn(line).map((of) => ({ of, count: Number(of) * 10 }))
      if (line.includes('/depots')) return { name: line.split('/').at(-1) ?? '' }
      return line.includes('/greeting') ? 'hello' : { id: line.split('/').at(-1) ?? '' }
    },
  })
  const run = async (source: string, options?: RunOptions) => {
    const result = await execute(requestFor(source, options), tools)
    const told = result.failures.map(({ path, problem, fallback }) => `${path.join('.')} ${problem.code} ${fallback}`)
    return { data: dataOf(result), told }
  }
  return {
    down,
    missing,
    run,
    pass: (ms: number) => {
      now += ms
    },
  }
}
