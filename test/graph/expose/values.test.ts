import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from '../../../src/kernel/json.ts'
import { world } from '../support/graph.ts'
import { exposed } from './support/exposed.ts'

describe('values of an exposed service', () => {
  it('say which case of a oneof is set, as the fields do', async () => {
    const { run } = shop({ refusedCard: { token: 't-1' } })
    const { data } = await run('mutation { pay { outcomeCase receipt refusedCard { token } } }')
    assert.deepEqual(data, { pay: { outcomeCase: 'REFUSED_CARD', receipt: null, refusedCard: { token: 't-1' } } })
  })

  it('say null where no case of a oneof is set', async () => {
    const { data, errors } = await shop({}).run('mutation { pay { outcomeCase } }')
    assert.deepEqual(data, { pay: { outcomeCase: null } })
    assert.deepEqual(errors, [])
  })

  it('show a map of messages as entries, in the order of the answer', async () => {
    const { run } = shop({ labels: { b: { text: 'x' }, a: { text: 'y' }, ['__proto__']: { text: 'z' } } })
    const { data } = await run('{ getItem { labels { key value { text } } } }')
    assert.deepEqual(data, {
      getItem: {
        labels: [
          { key: 'b', value: { text: 'x' } },
          { key: 'a', value: { text: 'y' } },
          { key: '__proto__', value: { text: 'z' } },
        ],
      },
    })
  })

  it('show unspecified enums as null and others by their short names', async () => {
    const { data } = await shop({ state: 'UNSPECIFIED', states: ['STATE_UNSPECIFIED', 'STATE_OPEN'] }).run(
      '{ getItem { state states } }',
    )
    assert.deepEqual(data, { getItem: { state: null, states: [null, 'OPEN'] } })
  })

  it('send the case of a oneof, at the top and inside of messages', async () => {
    const { run, asked } = shop({})
    await run(
      'mutation { pay(id: "o-1", method: { giftCode: "g" }, extra: { tip: { tipUnits: "5" }, note: "n" }) { receipt } }',
    )
    await run('mutation { pay(method: { card: { token: "t" } }, extras: [{ tip: { noTip: true } }, {}]) { receipt } }')
    assert.deepEqual(asked, [
      'svc Pay {"id":"o-1","giftCode":"g","extra":{"tipUnits":"5","note":"n"}}',
      'svc Pay {"card":{"token":"t"},"extras":[{"noTip":true},{}]}',
    ])
  })

  it('send entries as the map they stand for, and enums as the proto spells them', async () => {
    const { run, asked } = shop({})
    await run(
      '{ getItem(labels: [{ key: "a", value: { text: "x", state: OPEN } }, { key: "__proto__", value: {} }], state: OPEN) { state } }',
    )
    await run('{ getItem(inner: { more: [{ key: "1", value: { text: "y" } }] }) { state } }')
    assert.deepEqual(asked, [
      'svc GetItem {"labels":{"a":{"text":"x","state":"STATE_OPEN"},"__proto__":{}},"state":"STATE_OPEN"}',
      'svc GetItem {"inner":{"more":{"1":{"text":"y"}}}}',
    ])
  })

  it('refuse a map with a key that is given twice', async () => {
    const { run, asked } = shop({})
    const { errors } = await run('{ getItem(labels: [{ key: "a", value: {} }, { key: "a", value: {} }]) { state } }')
    assert.deepEqual(errors, ['getItem INVALID_ARGUMENT A map has each key once.'])
    assert.deepEqual(asked, [])
  })

  it('hold 32-bit unsigned integers as numbers, and nothing beyond them', async () => {
    const { run, asked } = shop({ size: 4294967295 })
    assert.deepEqual((await run('{ getItem(size: 4294967295) { size } }')).data, { getItem: { size: 4294967295 } })
    assert.deepEqual(asked, ['svc GetItem {"size":4294967295}'])
    assert.deepEqual((await shop({ size: 4294967296 }).run('{ getItem { size } }')).errors, [
      'getItem.size UNAVAILABLE The answer of svc holds something that is no UInt32.',
    ])
  })

  it('are null for the one query of a service that only changes', async () => {
    const { graph } = exposed('service S { rpc Change(Q) returns (Q); } message Q { string id = 1; }')
    const { run } = world({ sdl: graph, answer: () => ({}) })
    assert.deepEqual((await run('{ _ }')).data, { _: null })
  })
})

/** A shop that answers every call alike. */
function shop(answer: Json) {
  const { graph } = exposed(`
    service Shop {
      rpc GetItem(GetItemRequest) returns (Item);
      rpc Pay(PayRequest) returns (Paid);
    }
    message GetItemRequest { map<string, Label> labels = 1; Inner inner = 2; State state = 3; uint32 size = 4; }
    message Inner { map<int32, Label> more = 1; }
    message Label { string text = 1; State state = 2; }
    message Item { map<string, Label> labels = 1; State state = 2; repeated State states = 3; uint32 size = 4; }
    enum State { STATE_UNSPECIFIED = 0; STATE_OPEN = 1; }
    message PayRequest { string id = 1; oneof method { Card card = 2; string gift_code = 3; } Extra extra = 4; repeated Extra extras = 5; }
    message Card { string token = 1; }
    message Extra { oneof tip { int64 tip_units = 1; bool no_tip = 2; } string note = 3; }
    message Paid { oneof outcome { string receipt = 1; Card refused_card = 2; } }`)
  return world({ sdl: graph, answer: () => answer })
}
