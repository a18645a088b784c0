import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Found } from '../../../src/services/targets/names.ts'
import { NoTarget, TargetSet } from '../../../src/services/targets/set.ts'
import { defaults, type TargetSettings, type TargetSpec } from '../../../src/services/targets/settings.ts'
import type { Outcome, Target } from '../../../src/services/targets/target.ts'

describe('targets in turn', () => {
  it('get the same share each', async (test) => {
    const { hosts } = targets(test, ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
    assert.deepEqual(counted(hosts(9)), { '10.0.0.1': 3, '10.0.0.2': 3, '10.0.0.3': 3 })
  })

  it('get shares by weight, spread evenly and not in bursts', async (test) => {
    const { hosts } = targets(test, [
      { name: '10.0.0.1', weight: 5 },
      { name: '10.0.0.2', weight: 1 },
      { name: '10.0.0.3', weight: 1 },
    ])
    const asked = hosts(14)
    assert.deepEqual(counted(asked), { '10.0.0.1': 10, '10.0.0.2': 2, '10.0.0.3': 2 })
    assert.equal(asked.slice(0, 7).join(' ').includes('10.0.0.1 10.0.0.1 10.0.0.1 10.0.0.1'), false)
  })

  it('of a lower priority get calls only while none of a higher one can be used', async (test) => {
    const { hosts, check } = targets(test, [{ name: '10.0.0.1' }, { name: '10.0.0.2', priority: 1 }])
    assert.deepEqual(counted(hosts(4)), { '10.0.0.1': 4 })
    check('10.0.0.1', false)
    assert.deepEqual(counted(hosts(4)), { '10.0.0.2': 4 })
    check('10.0.0.1', true)
    assert.deepEqual(counted(hosts(4)), { '10.0.0.1': 4 })
  })

  it('start slowly where they are new or back, up to their whole share', async (test) => {
    const { hosts, check, wait } = targets(test, ['10.0.0.1', '10.0.0.2'], { slowStartMs: 10_000 })
    assert.deepEqual(counted(hosts(10)), { '10.0.0.1': 5, '10.0.0.2': 5 }, 'the first targets of all are not new')
    check('10.0.0.2', false)
    check('10.0.0.2', true)
    assert.equal(counted(hosts(110))['10.0.0.2'], 10)
    wait(5_000)
    assert.equal(counted(hosts(150))['10.0.0.2'], 50)
    wait(5_000)
    assert.equal(counted(hosts(100))['10.0.0.2'], 50)
  })
})

describe('targets chosen by what they do', () => {
  it('get a call where they have fewer than another', async (test) => {
    const { set, hold } = targets(test, ['10.0.0.1', '10.0.0.2'], { balance: 'leastRequests' })
    const held = [hold(), hold(), hold(), hold()]
    assert.deepEqual(counted(held.map(hostOf)), { '10.0.0.1': 2, '10.0.0.2': 2 })
    for (const target of held) if (hostOf(target) === '10.0.0.2') set.ended(target, 'success', 1)
    assert.deepEqual([hostOf(hold()), hostOf(hold())], ['10.0.0.2', '10.0.0.2'])
  })

  it('get fewer calls while they are slow, and more again when they are fast', async (test) => {
    const { set, pick, wait } = targets(test, ['10.0.0.1', '10.0.0.2'], { balance: 'latency' })
    const call = (slow: string): string => {
      const target = pick()
      target.begin()
      wait(1)
      set.ended(target, 'success', hostOf(target) === slow ? 80 : 10)
      return hostOf(target)
    }
    const first = Array.from({ length: 100 }, () => call('10.0.0.2'))
    assert.ok((counted(first)['10.0.0.2'] ?? 0) < 10)
    wait(60_000)
    const later = Array.from({ length: 100 }, () => call('10.0.0.1'))
    assert.ok((counted(later)['10.0.0.1'] ?? 0) < 10)
  })

  it('do not win calls by failing fast', async (test) => {
    const { set, pick, wait } = targets(test, ['10.0.0.1', '10.0.0.2'], {
      balance: 'latency',
      ejection: { ...defaults.ejection, failures: 1_000, volume: 1_000 },
    })
    const asked = Array.from({ length: 100 }, () => {
      const target = pick()
      target.begin()
      wait(1)
      set.ended(target, hostOf(target) === '10.0.0.1' ? 'failure' : 'success', hostOf(target) === '10.0.0.1' ? 1 : 50)
      return hostOf(target)
    })
    assert.ok((counted(asked)['10.0.0.1'] ?? 0) < 20)
  })
})

describe('targets by hash', () => {
  it('get the same keys always, in any process, and about the same number each', async (test) => {
    const names = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']
    const one = targets(test, names, { balance: 'hash' })
    const other = targets(test, names.toReversed(), { balance: 'hash' })
    const keys = Array.from({ length: 4_000 }, (_, at) => `user-${at}`)
    const shares = counted(keys.map((key) => hostOf(one.pick(key))))
    for (const key of keys) assert.equal(hostOf(one.pick(key)), hostOf(other.pick(key)))
    for (const name of names) assert.ok(Math.abs((shares[name] ?? 0) - 1_000) < 250, JSON.stringify(shares))
  })

  it('keep their keys when another goes, whose keys are spread over all that stay', async (test) => {
    const { pick, check } = targets(test, ['10.0.0.1', '10.0.0.2', '10.0.0.3'], { balance: 'hash' })
    const keys = Array.from({ length: 3_000 }, (_, at) => `user-${at}`)
    const before = new Map(keys.map((key) => [key, hostOf(pick(key))]))
    check('10.0.0.3', false)
    const moved = counted(keys.filter((key) => before.get(key) === '10.0.0.3').map((key) => hostOf(pick(key))))
    for (const key of keys) if (before.get(key) !== '10.0.0.3') assert.equal(hostOf(pick(key)), before.get(key))
    assert.ok((moved['10.0.0.1'] ?? 0) > 300 && (moved['10.0.0.2'] ?? 0) > 300, JSON.stringify(moved))
  })

  it('take turns for calls without a key', async (test) => {
    const { hosts } = targets(test, ['10.0.0.1', '10.0.0.2'], { balance: 'hash' })
    assert.deepEqual(counted(hosts(4)), { '10.0.0.1': 2, '10.0.0.2': 2 })
  })
})

describe('a target that fails', () => {
  it('is out after five failures in a row, and back after one call that works', async (test) => {
    const { hosts, end, wait, hold, set } = targets(test, ['10.0.0.1', '10.0.0.2'])
    end('10.0.0.1', 'failure', 4)
    assert.deepEqual(counted(hosts(4)), { '10.0.0.1': 2, '10.0.0.2': 2 })
    end('10.0.0.1', 'failure', 1)
    assert.deepEqual(counted(hosts(4)), { '10.0.0.2': 4 })
    wait(10_000)
    const trial = [hold(), hold(), hold(), hold()].map(hostOf)
    assert.deepEqual(counted(trial), { '10.0.0.1': 1, '10.0.0.2': 3 }, 'one call tries it')
    set.ended(set.targets[0] as Target<Known>, 'success', 1)
    assert.deepEqual(counted(hosts(4)), { '10.0.0.1': 2, '10.0.0.2': 2 })
  })

  it('is out for longer each time it fails again', async (test) => {
    const { hosts, end, wait } = targets(test, ['10.0.0.1', '10.0.0.2'])
    end('10.0.0.1', 'failure', 5)
    wait(10_000)
    end('10.0.0.1', 'failure', 1)
    wait(19_999)
    assert.deepEqual(counted(hosts(4)), { '10.0.0.2': 4 })
    wait(1)
    assert.equal(counted(hosts(4))['10.0.0.1'], 2)
  })

  it('is out by its rate of failures, where there are enough calls to tell', async (test) => {
    const { hosts, end } = targets(test, ['10.0.0.1', '10.0.0.2'])
    for (let round = 0; round < 9; round += 1) {
      end('10.0.0.1', 'success', 1)
      end('10.0.0.1', 'failure', 1)
    }
    assert.equal(counted(hosts(4))['10.0.0.1'], 2, '18 calls say nothing')
    end('10.0.0.1', 'success', 1)
    end('10.0.0.1', 'failure', 1)
    assert.deepEqual(counted(hosts(4)), { '10.0.0.2': 4 })
  })

  it('has its failures forgotten after ten seconds', async (test) => {
    const { hosts, end, wait } = targets(test, ['10.0.0.1', '10.0.0.2'])
    for (let round = 0; round < 4; round += 1) {
      end('10.0.0.1', 'failure', 4)
      end('10.0.0.1', 'success', 1)
      wait(20_000)
    }
    assert.equal(counted(hosts(4))['10.0.0.1'], 2)
  })

  it('is never taken out by calls that nobody waited for', async (test) => {
    const { hosts, end } = targets(test, ['10.0.0.1', '10.0.0.2'])
    end('10.0.0.1', 'unknown', 50)
    assert.equal(counted(hosts(4))['10.0.0.1'], 2)
  })

  it('stays where too many are out already, and where it is the only one', async (test) => {
    const many = targets(test, ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'])
    for (const name of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) many.end(name, 'failure', 9)
    assert.deepEqual(counted(many.hosts(8)), { '10.0.0.3': 4, '10.0.0.4': 4 })
    const only = targets(test, ['10.0.0.1'])
    only.end('10.0.0.1', 'failure', 100)
    assert.deepEqual(only.hosts(1), ['10.0.0.1'])
  })

  it('leaves its calls to a later priority where all of its own fail, of which so many stay', async (test) => {
    const { hosts, end, wait } = targets(test, [
      { name: '10.0.0.1' },
      { name: '10.0.0.2' },
      { name: '10.0.0.3', priority: 1 },
      { name: '10.0.0.4', priority: 1 },
    ])
    for (const name of ['10.0.0.1', '10.0.0.2']) end(name, 'failure', 5)
    assert.deepEqual(counted(hosts(4)), { '10.0.0.3': 2, '10.0.0.4': 2 })
    end('10.0.0.3', 'failure', 5)
    end('10.0.0.4', 'failure', 50)
    assert.deepEqual(counted(hosts(4)), { '10.0.0.4': 4 }, 'nobody stands behind the last')
    wait(10_000)
    end('10.0.0.1', 'success', 1)
    assert.deepEqual(counted(hosts(4)), { '10.0.0.1': 2, '10.0.0.2': 2 })
  })

  it('stays where too many are out already and nobody sound stands by', async (test) => {
    const { hosts, end, check } = targets(test, [
      { name: '10.0.0.1' },
      { name: '10.0.0.2' },
      { name: '10.0.0.3', priority: 1 },
    ])
    check('10.0.0.3', false)
    for (const name of ['10.0.0.1', '10.0.0.2']) end(name, 'failure', 50)
    assert.deepEqual(counted(hosts(4)), { '10.0.0.2': 4 })
  })

  it('is left alone for a moment where it cannot be reached, and tried again ever more seldom', async (test) => {
    const { hosts, end, wait } = targets(test, ['10.0.0.1', '10.0.0.2'])
    for (const pause of [200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      end('10.0.0.1', 'unreached', 1)
      wait(pause - 1)
      assert.deepEqual(counted(hosts(4)), { '10.0.0.2': 4 }, `before ${pause} ms`)
      wait(1)
      assert.equal(counted(hosts(4))['10.0.0.1'], 2, `after ${pause} ms`)
    }
  })

  it('is tried all the same where no target can be reached', async (test) => {
    const { hosts, end } = targets(test, ['10.0.0.1', '10.0.0.2'])
    end('10.0.0.1', 'unreached', 1)
    end('10.0.0.2', 'unreached', 1)
    assert.deepEqual(counted(hosts(4)), { '10.0.0.1': 2, '10.0.0.2': 2 })
  })

  it('is not what a second try goes to, as long as there is another', async (test) => {
    const { pick, check } = targets(test, ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
    const first = pick()
    const others = Array.from({ length: 6 }, () => hostOf(pick(undefined, [first])))
    assert.equal(others.includes(hostOf(first)), false)
    check('10.0.0.2', false)
    check('10.0.0.3', false)
    assert.equal(hostOf(pick(undefined, [first])), '10.0.0.1')
  })
})

describe('a further try of a call', () => {
  it('takes nobody’s turn: calls that are all tried twice begin at each target alike', (test) => {
    for (const weight of [1, 3]) {
      const { pick } = targets(test, ['10.0.0.1', { name: '10.0.0.2', weight }])
      const first = Array.from({ length: 40 }, () => {
        const target = pick()
        assert.notEqual(pick(undefined, [target]), target)
        return hostOf(target)
      })
      assert.equal(counted(first)['10.0.0.2'], (40 * weight) / (weight + 1))
    }
  })

  it('goes to any of the others, so that the next in turn does not get all of one that fails', (test) => {
    const { pick } = targets(test, ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'])
    const pairs = Array.from({ length: 100 }, () => {
      const first = pick()
      return `${hostOf(first)} ${hostOf(pick(undefined, [first]))}`
    })
    assert.equal(new Set(pairs).size, 12)
  })
})

describe('the parts of a split', () => {
  it('are told of each call, and a further try stays with the part of the first', (test) => {
    const { pick, told } = parts(test)
    for (let call = 0; call < 4; call += 1) {
      const first = pick()
      const again = pick(first)
      assert.equal(again.address.part, first.address.part)
      assert.notEqual(again, first)
      assert.equal(pick(first, again).address.part, first.address.part, 'all of its part were tried')
    }
    assert.deepEqual(told, ['old', 'new', 'old', 'new'])
  })

  it('leave a further try to another part where nobody of theirs can be reached', (test) => {
    const { set, pick } = parts(test)
    const first = pick()
    for (const target of set.targets)
      if (target.address.part === first.address.part) {
        target.begin()
        set.ended(target, 'unreached')
      }
    assert.notEqual(pick(first).address.part, first.address.part)
  })
})

describe('health checks', () => {
  it('let nothing through where no target passes, and say so', async (test) => {
    const { pick, check } = targets(test, ['10.0.0.1', '10.0.0.2'])
    check('10.0.0.1', false)
    check('10.0.0.2', false)
    assert.throws(
      () => pick(),
      (thrown) => thrown instanceof NoTarget && thrown.reason === 'unhealthy',
    )
  })

  it('are not believed below the panic threshold', async (test) => {
    const { hosts, check } = targets(test, ['10.0.0.1', '10.0.0.2', '10.0.0.3'], { panic: 0.5 })
    check('10.0.0.1', false)
    assert.equal(counted(hosts(4))['10.0.0.1'], undefined)
    check('10.0.0.2', false)
    assert.deepEqual(counted(hosts(6)), { '10.0.0.1': 2, '10.0.0.2': 2, '10.0.0.3': 2 })
  })
})

describe('names', () => {
  it('are looked up by the first call, and once for all who wait', async (test) => {
    const { set, looked } = named(test, () => found(['10.0.0.1', '10.0.0.2']))
    const picked = await Promise.all([set.pick(), set.pick(), set.pick()])
    assert.deepEqual(counted(picked.map(hostOf)), { '10.0.0.1': 2, '10.0.0.2': 1 })
    assert.equal(looked(), 1)
  })

  it('let go of an address that is gone, and no call gets it any more', async (test) => {
    let addresses = ['10.0.0.1', '10.0.0.2']
    const { set, wait, closed } = named(test, () => found(addresses))
    await set.pick()
    addresses = ['10.0.0.2', '10.0.0.3']
    wait(60_000)
    const picked = await Promise.all([set.pick(), set.pick(), set.pick(), set.pick()])
    assert.deepEqual(counted(picked.map(hostOf)), { '10.0.0.2': 2, '10.0.0.3': 2 })
    assert.deepEqual(closed, ['10.0.0.1'])
  })

  it('keep their last addresses while they cannot be looked up', async (test) => {
    let answer = (): Promise<Found> => found(['10.0.0.1'])
    const { set, wait } = named(test, () => answer())
    await set.pick()
    answer = () => Promise.reject(new Error('DNS is down.'))
    wait(60_000)
    assert.equal(hostOf(await set.pick()), '10.0.0.1')
  })

  it('that lead nowhere fail the call, and are asked for again after a second', async (test) => {
    let answer = (): Promise<Found> => Promise.reject(new Error('No such name.'))
    const { set, wait, looked } = named(test, () => answer())
    await assert.rejects(async () => set.pick(), { reason: 'unresolved' })
    assert.throws(() => set.pick(), { reason: 'unresolved' })
    assert.equal(looked(), 1)
    answer = () => found(['10.0.0.1'])
    wait(1_000)
    assert.equal(hostOf(await set.pick()), '10.0.0.1')
  })
})

type Known = { readonly address: { readonly host: string; readonly port: number } }

const hostOf = ({ address }: Target<Known>): string => address.host

const counted = (hosts: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const host of hosts.toSorted()) counts[host] = (counts[host] ?? 0) + 1
  return counts
}

const found = async (hosts: readonly string[]): Promise<Found> => ({
  addresses: hosts.map((host) => ({ host, port: 80, name: 'users.test', weight: 1, priority: 0 })),
  forMs: 30_000,
})

/** Repeatable chance. */
const chance = (): (() => number) => {
  let state = 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

const targets = (
  test: TestContext,
  specs: readonly (string | (Partial<TargetSpec> & { readonly name: string }))[],
  settings: Partial<TargetSettings> = {},
) => {
  const time = clock()
  const set = new TargetSet<Known>(
    {
      ...defaults,
      ...settings,
      targets: specs.map((spec) => ({
        port: 80,
        weight: 1,
        priority: 0,
        ...(typeof spec === 'string' ? { name: spec } : spec),
      })),
    },
    { now: time.now, open: (address) => ({ address }), close: () => undefined, random: chance() },
  )
  test.after(() => set.close())
  const pick = (key?: string, avoid?: readonly object[]): Target<Known> => {
    const picked = set.pick(key, avoid)
    assert.ok(!(picked instanceof Promise))
    return picked
  }
  const named = (name: string): Target<Known> => set.targets.find((target) => hostOf(target) === name) as Target<Known>
  return {
    set,
    pick,
    wait: time.wait,
    hosts: (count: number) => Array.from({ length: count }, () => hostOf(pick())),
    /** Begins a call that does not end by itself. */
    hold: () => {
      const target = pick()
      target.begin()
      return target
    },
    check: (name: string, healthy: boolean) => named(name).checked(healthy, time.now()),
    end: (name: string, outcome: Outcome, times: number) => {
      for (let at = 0; at < times; at += 1) {
        named(name).begin()
        set.ended(named(name), outcome, 1)
      }
    },
  }
}

/** Two targets of each of two parts that share alike. */
const parts = (test: TestContext) => {
  const told: string[] = []
  const part = (name: string) => ({ name, serves: undefined, weight: 1 })
  const set = new TargetSet<Known>(
    {
      ...defaults,
      split: { parts: [part('old'), part('new')], sticky: undefined, active: undefined, override: undefined },
      targets: ['old', 'old', 'new', 'new'].map((of, at) => ({
        name: `10.0.0.${at}`,
        port: 80,
        weight: 1,
        priority: 0,
        part: of,
      })),
    },
    { now: clock().now, open: (address) => ({ address }), close: () => undefined, shared: (of) => told.push(of) },
  )
  test.after(() => set.close())
  const caller = { identity: undefined, address: '127.0.0.1', requestId: 'r' }
  return {
    set,
    told,
    pick: (...avoid: readonly Target<Known>[]): Target<Known> => {
      const picked = set.pick({ key: undefined, asks: { caller, headers: {} } }, avoid)
      assert.ok(!(picked instanceof Promise))
      return picked
    },
  }
}

const named = (test: TestContext, lookup: () => Promise<Found>) => {
  const time = clock()
  const closed: string[] = []
  let looked = 0
  const set = new TargetSet<Known>(
    { ...defaults, targets: [{ name: 'users.test', port: 80, weight: 1, priority: 0 }] },
    {
      now: time.now,
      open: (address) => ({ address }),
      close: ({ address }) => closed.push(address.host),
      lookup: () => {
        looked += 1
        return lookup()
      },
    },
  )
  test.after(() => set.close())
  return { set, closed, wait: time.wait, looked: () => looked }
}

const clock = () => {
  let now = 1_000_000
  return { now: () => now, wait: (ms: number) => void (now += ms) }
}
