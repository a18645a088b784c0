import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../../src/kernel/clock.ts'
import type { CallContext } from '../../../src/services/call.ts'
import { createResources } from '../../../src/services/resources.ts'
import { connectRest } from '../../../src/services/rest/connector.ts'
import type { HttpHealth } from '../../../src/services/rest/health.ts'
import type { RestService } from '../../../src/services/service.ts'
import type { TargetSettings } from '../../../src/services/targets/settings.ts'
import { startDns } from '../../support/dns.ts'
import { missing } from '../../support/programs.ts'
import { targetsAt } from '../../support/targets.ts'
import { until } from '../../support/until.ts'

describe('a REST service at several targets', () => {
  it('answers every call while one of them is down', async (test) => {
    const servers = await started(test, ['127.0.0.1', '127.0.0.2', '127.0.0.3'])
    const { ask } = connect(test, servers)
    servers[1]?.server.close()
    servers[1]?.server.closeAllConnections()
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask()))
    assert.deepEqual([...new Set(answers)].toSorted(), ['127.0.0.1', '127.0.0.3'])
  })

  it('answers from the others once one has failed five times in a row', async (test) => {
    const servers = await started(test, ['127.0.0.1', '127.0.0.2'], {
      '127.0.0.2': (_, response) => response.writeHead(503).end(),
    })
    const { ask } = connect(test, servers)
    const failures = (await inTurn(30, ask)).filter((answer) => answer === 'UNAVAILABLE')
    assert.equal(failures.length, 5)
  })

  it('does not take a target out for refusing requests: 4xx and 501 are answers', async (test) => {
    for (const status of [404, 429, 501]) {
      const servers = await started(test, ['127.0.0.1', '127.0.0.2'], {
        '127.0.0.2': (_, response) => response.writeHead(status).end(),
      })
      const { ask } = connect(test, servers)
      const answered = (await inTurn(20, ask)).filter((answer) => answer === '127.0.0.1')
      assert.equal(answered.length, 10, String(status))
    }
  })

  it('takes out a target that hangs', async (test) => {
    const timeoutMs = 5_000
    const servers = await started(test, ['127.0.0.1', '127.0.0.2'], {
      '127.0.0.2': () => test.mock.timers.tick(timeoutMs),
    })
    const { ask } = connect(test, servers, { timeoutMs })
    test.mock.timers.enable({ apis: ['setTimeout'] })
    const late = (await inTurn(30, ask)).filter((answer) => answer === 'DEADLINE_EXCEEDED')
    assert.equal(late.length, 5)
  })

  it('keeps a user at one target, by a header', async (test) => {
    const servers = await started(test, ['127.0.0.1', '127.0.0.2', '127.0.0.3'])
    const { ask } = connect(test, servers, {}, { balance: 'hash', affinity: { kind: 'header', name: 'x-user' } })
    const answers = new Map<string, Set<string>>()
    for (let at = 0; at < 60; at += 1) {
      const user = `user-${at % 12}`
      const seen = answers.get(user) ?? new Set()
      answers.set(user, seen.add(await ask({ headers: { 'x-user': user } })))
    }
    for (const [user, seen] of answers) assert.equal(seen.size, 1, user)
    assert.ok(new Set([...answers.values()].flatMap((seen) => [...seen])).size > 1)
  })

  it('gives no call to a target that is not well, and calls again when it is', async (test) => {
    let well = false
    const servers = await started(test, ['127.0.0.1', '127.0.0.2'], {
      '127.0.0.2': (request, response) =>
        response
          .writeHead(request.url === '/healthz' && !well ? 500 : 200, { 'content-type': 'application/json' })
          .end('"127.0.0.2"'),
    })
    const { ask, targets } = connect(test, servers, { health })
    await until(() => targets.targets[1]?.healthy === false)
    assert.deepEqual([...new Set(await inTurn(10, ask))], ['127.0.0.1'])
    well = true
    await until(() => targets.targets[1]?.healthy === true)
    assert.equal(new Set(await inTurn(10, ask)).size, 2)
  })

  it('refuses calls with 503 while no target is well', async (test) => {
    const servers = await started(test, ['127.0.0.1'], {
      '127.0.0.1': (_, response) => response.writeHead(500).end(),
    })
    const { connector, targets, call } = connect(test, servers, { health })
    await until(() => targets.targets[0]?.healthy === false)
    await assert.rejects(call(), { code: 'UNAVAILABLE', status: 503, service: 'users', reason: 'CIRCUIT_OPEN' })
    assert.equal(connector.serves(), false)
  })

  it('moves to another address with DNS, and ends at the old one what it has begun there', {
    skip: missing('dnsmasq'),
  }, async (test) => {
    const dns = await startDns(test)
    await dns.lead({ 'users.test': ['127.0.0.1'] })
    const release = Promise.withResolvers<void>()
    const servers = await started(test, ['127.0.0.1', '127.0.0.2'], {
      '127.0.0.1': (request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        if (request.url === '/slow') void release.promise.then(() => response.end('"slow"'))
        else response.end('"127.0.0.1"')
      },
    })
    const named = { ...(servers[0] as Started), origin: `http://users.test:${servers[0]?.port}` }
    const discovery = { kind: 'dns', servers: [dns.address], refreshMs: 30_000 } as const
    const { ask, targets } = connect(test, [named], {}, { discovery })
    const slow = ask({}, '/slow')
    assert.equal(await ask(), '127.0.0.1')
    await dns.lead({ 'users.test': ['127.0.0.2'] })
    await until(async () => (await ask()) === '127.0.0.2')
    assert.deepEqual([...new Set(await inTurn(10, ask))], ['127.0.0.2'])
    assert.equal(targets.targets.length, 1)
    release.resolve()
    assert.equal(await slow, 'slow')
    await until(() => servers[0]?.connections === 0)
  })
})

const health: HttpHealth = {
  path: '/healthz',
  required: false,
  intervalMs: 20,
  timeoutMs: 500,
  rise: 1,
  fall: 1,
  statuses: [[200, 299]],
}

type Started = { readonly origin: string; readonly port: number; readonly server: Server; connections: number }

/** A server on each address of this machine, all on one port: by default it answers with its address. */
const started = async (
  test: TestContext,
  hosts: readonly string[],
  behaviour: Readonly<Record<string, RequestListener>> = {},
): Promise<readonly Started[]> => {
  let port = 0
  const all: Started[] = []
  for (const host of hosts) {
    const server = createServer(
      behaviour[host] ??
        ((_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(host))),
    )
    server.listen(port, host)
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    const one: Started = { origin: `http://${host}:${port}`, port, server, connections: 0 }
    server.on('connection', (socket) => {
      one.connections += 1
      socket.once('close', () => (one.connections -= 1))
    })
    test.after(() => {
      server.close()
      server.closeAllConnections()
    })
    all.push(one)
  }
  return all
}

const connect = (
  test: TestContext,
  servers: readonly Started[],
  service: Partial<RestService> = {},
  settings: Partial<TargetSettings> = {},
) => {
  const resources = createResources()
  const origins = servers.map(({ origin }) => origin)
  const connector = connectRest(
    {
      kind: 'rest',
      name: 'users',
      origin: origins[0] as string,
      targets: { ...targetsAt(...origins), ...settings },
      basePath: '',
      identity: 'none',
      timeoutMs: 5_000,
      concurrency: { max: 100, queue: 100 },
      maxAnswerBytes: 1_000_000,
      tls: undefined,
      ...service,
    },
    resources,
    { clock: systemClock },
  )
  test.after(() => connector.release())
  const call = (context: Partial<CallContext> = {}, path = '/') =>
    connector.call(
      { method: 'GET', path, headers: [], exact: 'integers' },
      {
        signal: new AbortController().signal,
        deadline: systemClock.now() + 5_000,
        caller: { identity: undefined, address: '127.0.0.1', requestId: 'test' },
        forward: {},
        ...context,
      },
    )
  return {
    connector,
    targets: connector.targets,
    call,
    /** The address that answered, or the code of the problem. */
    ask: (context?: Partial<CallContext>, path?: string): Promise<string> =>
      call(context, path).then(
        ({ output }) => output as string,
        (problem: { code: string }) => problem.code,
      ),
  }
}

const inTurn = async <T>(count: number, ask: () => Promise<T>): Promise<T[]> => {
  const answers: T[] = []
  for (let at = 0; at < count; at += 1) answers.push(await ask())
  return answers
}
