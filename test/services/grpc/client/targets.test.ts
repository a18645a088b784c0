import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../../../src/kernel/clock.ts'
import { guarded } from '../../../../src/services/call.ts'
import { openTargets } from '../../../../src/services/grpc/client/targets.ts'
import { wireUnary } from '../../../../src/services/grpc/client/wire/unary.ts'
import { serviceGuards } from '../../../../src/services/stack.ts'
import { isNumeric, type Lookup } from '../../../../src/services/targets/names.ts'
import { calm } from '../../../support/guards.ts'
import { answerText, probeService, questionBytes, requestContext, startProbe } from '../fixtures/probe.ts'

describe('targets of a gRPC service', () => {
  it('take turns among all addresses of a name', async (test) => {
    const { port } = await servers(test, ['127.0.0.1', '127.0.0.2', '127.0.0.3'])
    const { ask } = client(test, [`catalog.test:${port}`], {
      lookup: async () => ['127.0.0.1', '127.0.0.2', '127.0.0.3'],
    })
    assert.deepEqual(counted(await answers(ask, 9)), { '127.0.0.1': 3, '127.0.0.2': 3, '127.0.0.3': 3 })
  })

  it('take turns among several targets, names and addresses alike', async (test) => {
    const { port } = await servers(test, ['127.0.0.1', '127.0.0.2'])
    const { ask } = client(test, [`127.0.0.1:${port}`, `catalog.test:${port}`], { lookup: async () => ['127.0.0.2'] })
    assert.deepEqual(counted(await answers(ask, 6)), { '127.0.0.1': 3, '127.0.0.2': 3 })
  })

  it('count an address that two names share once', async (test) => {
    const { port } = await servers(test, ['127.0.0.1', '127.0.0.2'])
    const { ask } = client(test, [`a.test:${port}`, `b.test:${port}`, `127.0.0.2:${port}`], {
      lookup: async () => ['127.0.0.1'],
    })
    assert.deepEqual(counted(await answers(ask, 6)), { '127.0.0.1': 3, '127.0.0.2': 3 })
  })

  it('leave out one that cannot be reached, and no call fails for it', async (test) => {
    const { port } = await servers(test, ['127.0.0.1', '127.0.0.2'])
    const { ask } = client(
      test,
      ['127.0.0.1', '127.0.0.2', '127.0.0.9'].map((host) => `${host}:${port}`),
    )
    assert.equal((await answers(ask, 12)).length, 12)
  })

  it('look a name up again after a while, and let go of what is gone', async (test) => {
    const { port } = await servers(test, ['127.0.0.1', '127.0.0.2'])
    let now = 0
    let addresses = ['127.0.0.1']
    const { ask } = client(test, [`catalog.test:${port}`], {
      now: () => now,
      lookup: async () => addresses,
    })
    assert.deepEqual(await answers(ask, 2), ['127.0.0.1', '127.0.0.1'])
    addresses = ['127.0.0.2']
    assert.deepEqual(await answers(ask, 2), ['127.0.0.1', '127.0.0.1'])
    now = 36_000
    assert.deepEqual(await answers(ask, 2), ['127.0.0.2', '127.0.0.2'])
  })

  it('keep what they know where a name cannot be looked up any more', async (test) => {
    const { port } = await servers(test, ['127.0.0.1'])
    let now = 0
    let lookups = 0
    const { ask } = client(test, [`catalog.test:${port}`], {
      now: () => now,
      lookup: async () => {
        lookups += 1
        if (lookups > 1) throw new Error('SERVFAIL')
        return ['127.0.0.1']
      },
    })
    await ask()
    now = 36_000
    await ask()
    assert.deepEqual(await answers(ask, 2), ['127.0.0.1', '127.0.0.1'])
    assert.equal(lookups, 2)
  })

  it('fail where a name is unknown, and ask again', async (test) => {
    const { port } = await servers(test, ['127.0.0.1'])
    let known = false
    let now = 0
    const { ask } = client(test, [`catalog.test:${port}`], {
      now: () => now,
      lookup: async () => {
        if (!known) throw new Error('ENOTFOUND catalog.test')
        return ['127.0.0.1']
      },
    })
    await assert.rejects(ask(), { code: 'UNAVAILABLE', status: 502, message: 'Service probe could not be reached.' })
    known = true
    now = 6_000
    assert.equal(await ask(), '127.0.0.1')
  })

  it('reach IPv6 addresses', async (test) => {
    const server = await startProbe(
      { ask: (_call, reply) => reply(null, { text: 'six' }) },
      undefined,
      '[::1]:0',
    ).catch(() => undefined)
    if (server === undefined) return test.skip('this machine has no IPv6')
    test.after(server.close)
    const { ask } = client(test, [`[::1]:${server.address.split(':')[1]}`])
    assert.equal(await ask(), 'six')
  })
})

/** Servers at one port of several addresses; each answers its own. */
const servers = async (test: TestContext, hosts: readonly string[]) => {
  let port = '0'
  for (const host of hosts) {
    const server = await startProbe(
      { ask: (_call, reply) => reply(null, { text: host }) },
      undefined,
      `${host}:${port}`,
    )
    test.after(server.close)
    port = server.address.split(':')[1] ?? ''
  }
  return { port }
}

type Tools = { readonly now?: () => number; readonly lookup?: () => Promise<readonly string[]> }

const client = (
  test: TestContext,
  addresses: readonly string[],
  { now = () => systemClock.now(), lookup }: Tools = {},
) => {
  const service = probeService({ targets: addresses })
  const clock = { ...systemClock, now }
  const targets = openTargets(service, {
    clock,
    ...(lookup === undefined ? {} : { lookup: led(lookup) }),
  })
  test.after(() => targets.close())
  const call = guarded(
    wireUnary({ service, targets, clock: systemClock }, '/probe.v1.Probe/Ask'),
    serviceGuards(service, calm(), { clock: systemClock }),
  )
  return {
    ask: async (): Promise<string> => {
      const { output } = await call({ message: questionBytes(''), metadata: [] }, requestContext({}))
      return answerText(output.message)
    },
  }
}

/** Names that lead where a test says; addresses lead to themselves. */
const led =
  (lookup: () => Promise<readonly string[]>): Lookup =>
  async (target) => ({
    addresses: (isNumeric(target) ? [target.name] : await lookup()).map((host) => ({ ...target, host })),
    forMs: 30_000,
  })

const answers = async (ask: () => Promise<string>, count: number): Promise<readonly string[]> => {
  const texts: string[] = []
  for (let index = 0; index < count; index += 1) texts.push(await ask())
  return texts
}

const counted = (texts: readonly string[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(texts, (text) => text)].map(([text, all]): [string, number] => [text, all.length]))
