import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
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

/** Writes a text where every route will count, by the name under which `/roomy` does. */
const spoilCounters = `
local key = redis.call('keys', '*/roomy*')[1]
for route = 0, 9 do
  local name = key:gsub('/roomy', '/' .. route):gsub('fixed', 'sliding'):gsub('ip%-1h', 'ip-1d'):gsub('3600000', '86400000')
  redis.call('set', name, 'x')
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
  'a counter of another type': [[['eval', spoilCounters, '0']], [['flushall']]],
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

const faults = [...Object.keys(own), ...Object.keys(between)]

describe('limits in a Redis', { skip: missing('redis-server') }, () => {
  for (const name of faults)
    it(`are each replica’s share, told in header, metric and log, behind ${name}, and shared again after it`, async () => {
      const { admin, proxy, fails, heals } = gateway
      const [breaks = [], mends = []] = own[name] ?? []
      const fault = between[name]
      await proxy.fault(fault)
      for (const command of breaks) await admin.call(...command)
      await fails(`/${faults.indexOf(name)}`)
      for (const command of mends) await admin.call(...command)
      // What is half open is left for a new connection, without anybody’s help.
      if (fault !== 'half open') await proxy.fault(undefined)
      await heals()
    })

  it('are not believed to have room by answers that say nothing of them', async () => {
    const { ask, shares, proxy } = gateway
    for (const answer of lies) {
      await proxy.fault({ answer })
      assert.deepEqual(await ask('/roomy'), { status: 200, local: true }, answer)
      await proxy.fault(undefined)
      await shares()
    }
  })

  it('let nobody in whose token may be revoked, whatever Redis says instead', async () => {
    const { guarded, shares, proxy } = gateway
    await until(async () => (await guarded()) === 200)
    // Nothing is what Redis says of a token that nobody revoked.
    const told = lies.filter((answer) => answer !== '$-1\r\n' && answer !== '_\r\n').map((answer) => ({ answer }))
    for (const fault of [...told, ...Object.values(between)]) {
      await proxy.fault(fault)
      const text = typeof fault === 'object' && /^[+,]/.test(fault.answer)
      assert.equal(await guarded(), text ? 401 : 503, JSON.stringify(fault))
      await proxy.fault(undefined)
      await shares()
    }
    await until(async () => (await guarded()) === 200)
  })
})

type Commands = readonly (readonly [string, ...string[]])[]

/** A gateway that is one of two, on a Redis of its own behind a proxy; it looks for Redis again as soon as it is asked. */
const startFaulty = async () => {
  const redis = await startRedis()
  const proxy = await startRedisProxy(redis.url)
  const admin = new Redis(redis.url)
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
  - { path: /roomy, respond: { body: hello }, rateLimit: { limit: 100000, window: 1h } }
  - { path: /guarded, respond: { body: hello }, auth: users }
${faults.map((_, index) => `  - { path: /${index}, respond: { body: hello }, rateLimit: { limit: 4, window: 1d, algorithm: sliding } }`).join('\n')}
`,
  })
  const lines: string[] = []
  const log = createLog({ level: 'info', destination: { write: (line: string) => void lines.push(line) } })
  let ahead = 0
  const clock: Clock = { now: () => systemClock.now() + ahead, date: () => systemClock.date() + ahead }
  const { listen, probes, close } = await createGateway({ dir, env: { SECRET: issuer.secret }, log, clock })
  const ask = async (path: string) => {
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
    fails: async (path: string): Promise<void> => {
      const soFar = told('Redis does not count')
      const replies = [await ask(path), await ask(path), await ask(path)]
      assert.deepEqual(
        replies.map(({ status, local }) => [status, local]),
        [
          [200, true],
          [200, true],
          [429, true],
        ],
      )
      assert.equal(await flagged(), '1')
      assert.equal(told('Redis does not count'), soFar + 1)
    },
    heals: async (): Promise<void> => {
      const soFar = told('Redis counts again')
      await shares()
      assert.equal(await flagged(), '0')
      assert.equal(told('Redis counts again'), soFar + 1)
    },
    close: async (): Promise<void> => {
      await close()
      admin.disconnect()
      await Promise.all([proxy.close(), redis.stop(), remove()])
    },
  }
}

let gateway: Awaited<ReturnType<typeof startFaulty>>
before(async () => {
  if (missing('redis-server') === false) gateway = await startFaulty()
})
after(() => gateway?.close())
