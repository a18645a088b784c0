import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { type Clock, systemClock } from '../../src/kernel/clock.ts'
import { createGateway } from '../../src/runtime/gateway.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { layWorkspace } from '../support/gateway.ts'
import { missing } from '../support/programs.ts'
import { startRedis } from '../support/redis.ts'
import { type RedisFault, startRedisProxy } from '../support/redis-proxy.ts'
import { issuer, signToken } from '../support/token.ts'
import { until } from '../support/until.ts'

/** Writes a text where the route `/counted` will count, by the name under which `/roomy` does. */
const spoilCounter = `for _, key in ipairs(redis.call('keys', '*/roomy*')) do
  redis.call('set', key:gsub('/roomy', '/counted'):gsub('fixed', 'sliding'), 'x')
end`

/** What a Redis does itself when it is told so, and how it is mended. */
const own: Readonly<Record<string, readonly [breaks: Commands, mends: Commands]>> = {
  'a replica that takes no writes': [[['replicaof', '127.0.0.1', '1']], [['replicaof', 'no', 'one']]],
  'no memory left': [[['config', 'set', 'maxmemory', '1']], [['config', 'set', 'maxmemory', '0']]],
  'a password that nobody gave': [
    [
      ['config', 'set', 'requirepass', 'changed'],
      ['client', 'kill', 'type', 'normal', 'skipme', 'yes'],
    ],
    [['config', 'set', 'requirepass', '']],
  ],
  'a pause': [[['client', 'pause', '60000', 'write']], [['client', 'unpause']]],
  'no right to run scripts': [[['acl', 'setuser', 'default', '-@scripting']], [['acl', 'setuser', 'default', '+@all']]],
  'a counter of another type': [[['eval', spoilCounter, '0']], [['flushall']]],
}

const between: Readonly<Record<string, RedisFault>> = {
  silence: 'silent',
  'a connection that is half open': 'half open',
  'answers that come too late': 'slow',
  'connections that are cut': 'cut',
  'nobody who listens': 'gone',
  'a data set that is being loaded': { answer: '-LOADING Redis is loading the dataset in memory\r\n' },
  'a script that runs too long': { answer: '-BUSY Redis is busy running a script.\r\n' },
  'disks that are full': { answer: '-MISCONF Redis is configured to save RDB snapshots\r\n' },
  'a shard of a Cluster': { answer: '-MOVED 3999 127.0.0.1:6381\r\n' },
  'no Redis': { answer: 'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n' },
}

/** Answers in Redis' own form that say nothing of a limit. */
const lies: readonly string[] = [
  '+OK\r\n',
  ':0\r\n',
  '$-1\r\n',
  '_\r\n',
  '#t\r\n',
  ',nan\r\n',
  '*0\r\n',
  '*3\r\n:0\r\n:0\r\n:4\r\n',
  '*6\r\n:0\r\n:0\r\n:4\r\n:1\r\n:4\r\n:1\r\n',
  '*4\r\n+0\r\n+0\r\n+4\r\n+1\r\n',
  '*4\r\n:9\r\n:0\r\n:4\r\n:1\r\n',
  '*4\r\n:-1\r\n:0\r\n:4\r\n:1\r\n',
  '*4\r\n:0\r\n:0\r\n:-9223372036854775808\r\n:1\r\n',
  '*4\r\n:0\r\n:0\r\n_\r\n:1\r\n',
]

describe('limits in a Redis', { skip: missing('redis-server'), concurrency: true }, () => {
  for (const [name, [breaks, mends]] of Object.entries(own))
    it(`are each replica’s share, told in header, metric and log, behind ${name}, and shared again after it`, async (t) => {
      const { fails, heals, admin } = await gateway(t)
      for (const command of breaks) await admin.call(...command)
      await fails()
      for (const command of mends) await admin.call(...command)
      await heals()
    })

  for (const [name, fault] of Object.entries(between))
    it(`are each replica’s share, told in header, metric and log, behind ${name}, and shared again after it`, async (t) => {
      const { fails, heals, proxy } = await gateway(t)
      await proxy.fault(fault)
      await fails()
      // What is half open is left for a new connection, without anybody’s help.
      if (fault !== 'half open') await proxy.fault(undefined)
      await heals()
    })

  it('are not believed to have room by answers that say nothing of them', async (t) => {
    const { ask, fails, shares, proxy } = await gateway(t)
    for (const answer of lies) {
      await proxy.fault({ answer })
      assert.equal((await ask('/roomy')).local, true, answer)
      await proxy.fault(undefined)
      await shares()
    }
    await proxy.fault({ answer: '+OK\r\n' })
    await fails()
  })

  it('let nobody in whose token may be revoked, whatever Redis says instead', async (t) => {
    const { guarded, shares, proxy } = await gateway(t)
    assert.equal(await guarded(), 200)
    // Nothing is what Redis says of a token that nobody revoked.
    const told = lies.filter((answer) => answer !== '$-1\r\n' && answer !== '_\r\n').map((answer) => ({ answer }))
    for (const fault of [...told, ...Object.values(between)]) {
      await proxy.fault(fault)
      const text = typeof fault === 'object' && /^[+,]/.test(fault.answer)
      assert.equal(await guarded(), text ? 401 : 503, JSON.stringify(fault))
      await proxy.fault(undefined)
      await shares()
    }
    assert.equal(await guarded(), 200)
  })
})

type Commands = readonly (readonly [string, ...string[]])[]

/** A gateway that is one of two, on a Redis of its own behind a proxy; it looks for Redis again as soon as it is asked. */
const gateway = async (t: TestContext) => {
  const redis = await startRedis()
  t.after(redis.stop)
  const proxy = await startRedisProxy(redis.url)
  t.after(proxy.close)
  const admin = new Redis(redis.url)
  t.after(() => admin.disconnect())
  await once(admin, 'ready')
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `
listen: 127.0.0.1:0
probes: 127.0.0.1:0
redis: ${proxy.url}
replicas: 2
services: {}
auth:
  users:
    jwt: { issuer: "${issuer.issuer}", audience: ${issuer.audience}, secret: "\${SECRET}", revocation: { staleness: 1ms } }
routes:
  - { path: /counted, respond: { body: hello }, rateLimit: { limit: 4, window: 1h, algorithm: sliding } }
  - { path: /roomy, respond: { body: hello }, rateLimit: { limit: 100000, window: 1h } }
  - { path: /guarded, respond: { body: hello }, auth: users }
`,
  })
  t.after(remove)
  const lines: string[] = []
  const log = createLog({ level: 'info', destination: { write: (line: string) => void lines.push(line) } })
  let ahead = 0
  const clock: Clock = { now: () => systemClock.now() + ahead, date: () => systemClock.date() + ahead }
  const { listen, probes, close } = await createGateway({ dir, env: { SECRET: issuer.secret }, log, clock })
  t.after(close)
  const ask = async (path = '/counted') => {
    const { status, headers } = await fetch(`http://127.0.0.1:${listen.port}${path}`)
    return { status, local: headers.get('portico-limits') === 'local' }
  }
  const flagged = async (): Promise<string | undefined> => {
    const text = await (await fetch(`http://127.0.0.1:${probes?.port}/metrics`)).text()
    return /^portico_limits_local (\d)$/m.exec(text)?.[1]
  }
  const told = (words: string): number => lines.filter((line) => line.includes(words)).length
  const shares = (): Promise<void> =>
    until(async () => {
      ahead += 1_001
      return !(await ask('/roomy')).local
    })
  await shares()
  return {
    admin,
    proxy,
    ask,
    shares,
    guarded: async (): Promise<number> => {
      ahead += 1_001
      const headers = { authorization: `Bearer ${await signToken({ sub: 'u-1', jti: 't-1' })}` }
      return (await fetch(`http://127.0.0.1:${listen.port}/guarded`, { headers })).status
    },
    fails: async (): Promise<void> => {
      const before = told('Redis does not count')
      const replies = [await ask(), await ask(), await ask()]
      assert.deepEqual(
        replies.map(({ status, local }) => [status, local]),
        [
          [200, true],
          [200, true],
          [429, true],
        ],
      )
      assert.equal(await flagged(), '1')
      assert.equal(told('Redis does not count'), before + 1)
    },
    heals: async (): Promise<void> => {
      const before = told('Redis counts again')
      await shares()
      assert.equal(await flagged(), '0')
      assert.equal(told('Redis counts again'), before + 1)
    },
  }
}
