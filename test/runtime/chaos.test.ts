import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Agent, request } from 'undici'
import { WebSocket } from 'ws'
import { chanceOf } from '../graph/support/random/chance.ts'
import { startGrpcJs } from '../services/grpc/fixtures/grpc-js-server.ts'
import { type ChaosTarget, type Ledger, startChaosTargets } from '../support/chaos-targets.ts'
import { startDns } from '../support/dns.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { missing } from '../support/programs.ts'

const seconds = Number(process.env['PORTICO_CHAOS_SECONDS'] ?? 10)
const seed = Number(process.env['PORTICO_SEED'] ?? Date.now() % 1_000_000)

/** What the workspace gives a request, and what a machine with other work adds. */
const budgetMs = 2_000
const soonMs = 20_000

describe(`a gateway whose services die, hang, come back and move (PORTICO_SEED=${seed})`, {
  skip: missing('dnsmasq'),
}, () => {
  it(`loses and doubles nothing in ${seconds} s of mixed traffic (PORTICO_CHAOS_SECONDS)`, async (t) => {
    const { url, ledger, disturb, idle } = await chaos(t)
    const agent = new Agent({ connections: 64 })
    const tally: Tally = { asked: 0, failed: 0, byKind: new Map(), ids: new Set() }
    const traffic = trafficOf({ url, agent, tally })
    // Warm: what is compiled and cached once is no growth.
    for (let round = 0; round < 200; round += 1)
      await Promise.all(Object.entries(traffic).map(([kind, ask]) => ask(`warm-${kind}-${round}`)))
    const before = await idle()
    const until = performance.now() + seconds * 1_000
    const kinds = Object.entries(traffic)
    const worker = async (number: number): Promise<void> => {
      for (let round = 0; performance.now() < until; round += 1) {
        const [kind, ask] = kinds[(number + round) % kinds.length] as (typeof kinds)[number]
        const started = performance.now()
        const ok = await ask(`${kind}-${number}-${round}`)
        const ms = performance.now() - started
        assert.ok(ms < budgetMs + soonMs, `${kind} took ${ms} ms.`)
        count(tally, kind, ok)
        await pause(2)
      }
    }
    const echoes = Array.from({ length: 4 }, () => echo(`${url.replace('http', 'ws')}/echo`, until))
    await Promise.all([disturb(until), ...echoes, ...Array.from({ length: 12 }, (_, number) => worker(number))])
    await agent.close()
    const after = await idle()

    const told = `${tally.asked} asked, ${tally.failed} failed, ${ledger.spoiled} spoiled: ${JSON.stringify([...tally.byKind])}`
    t.diagnostic(told)
    t.diagnostic(`${JSON.stringify(before)} → ${JSON.stringify(after)}`)
    for (const [id, times] of ledger.written) assert.equal(times, 1, `${id} arrived ${times} times.`)
    for (const id of tally.ids) assert.ok(ledger.written.has(id), `${id} was answered, and never arrived.`)
    assert.ok(ledger.spoiled > 0 && tally.asked > seconds * 20, told)
    // Each failure has its cause; a hundredth for what two faults at once do.
    assert.ok(tally.failed <= ledger.spoiled + tally.asked / 100, told)
    assert.ok(after.sockets <= before.sockets + 4, `${after.sockets} sockets, ${before.sockets} at the start`)
    assert.ok(after.heap < before.heap + 15_000_000, `The heap grew from ${before.heap} to ${after.heap}.`)
  })
})

type Tally = {
  asked: number
  failed: number
  readonly byKind: Map<string, { asked: number; failed: number }>
  /** Of writes that were answered well. */
  readonly ids: Set<string>
}

const count = (tally: Tally, kind: string, ok: boolean): void => {
  const one = tally.byKind.get(kind) ?? { asked: 0, failed: 0 }
  tally.byKind.set(kind, one)
  for (const each of [tally, one]) {
    each.asked += 1
    if (!ok) each.failed += 1
  }
}

/** Each kind of request, by an id of its own; says whether it was answered as it should be. */
const trafficOf = ({ url, agent, tally }: { url: string; agent: Agent; tally: Tally }) => {
  const ask = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<string | undefined> => {
    try {
      const reply = await request(url + path, {
        method,
        dispatcher: agent,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
      const text = await reply.body.text()
      if (reply.statusCode === 200) return text
      assert.ok([502, 503, 504].includes(reply.statusCode), `${method} ${path}: ${reply.statusCode} ${text}`)
    } catch (thrown) {
      // Half of a proxied answer.
      if (thrown instanceof assert.AssertionError) throw thrown
    }
    return undefined
  }
  const answered = (text: string | undefined, id: string): boolean => {
    if (text === undefined || /"errors"/.test(text)) return false
    // An answer to somebody else would be worse than none.
    assert.match(text, new RegExp(`"${id}"`))
    return true
  }
  const wrote = (text: string | undefined, id: string): boolean => {
    const ok = answered(text, id)
    if (ok) tally.ids.add(id)
    return ok
  }
  return {
    get: async (id: string) => answered(await ask('GET', `/rest/users/${id}`), id),
    post: async (id: string) => wrote(await ask('POST', `/rest/users/${id}`, { id }), id),
    endpoint: async (id: string) => answered(await ask('GET', `/app/users/${id}`), id),
    query: async (id: string) =>
      answered(await ask('POST', '/app/graphql', { query: `{ user(id: "${id}") { id } }` }), id),
    mutation: async (id: string) =>
      wrote(await ask('POST', '/app/graphql', { query: `mutation { add(id: "${id}") { id } }` }), id),
    grpc: async (id: string) => wrote(await ask('POST', '/grpc/probe.v1.Probe/Ask', { text: id }), id),
  }
}

/** Says words and hears each one back, on one WebSocket after the other. */
const echo = async (url: string, until: number): Promise<void> => {
  let heard = 0
  while (performance.now() < until) {
    const socket = new WebSocket(url)
    await new Promise<void>((resolve) => {
      let word = ''
      const say = (): void => {
        if (performance.now() >= until) return socket.close()
        socket.send((word = `word-${heard}`))
      }
      socket.on('open', say)
      socket.on('message', (data) => {
        assert.equal((data as Buffer).toString(), word)
        heard += 1
        setTimeout(say, 20)
      })
      socket.on('error', () => undefined)
      socket.on('close', () => resolve())
    })
    await pause(20)
  }
  assert.ok(heard > 0, 'No word came back.')
}

/** The services, a gateway before them, and what happens to them. */
const chaos = async (t: TestContext) => {
  const chance = chanceOf('chaos', seed)
  const ledger: Ledger = { written: new Map(), spoiled: 0 }
  const dns = await startDns(t)
  const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4']
  const targets = await startChaosTargets(hosts, ledger)
  const lead = (some: readonly string[]): Promise<void> => dns.lead({ 'users.test': some })
  await lead(hosts.slice(0, 3))
  const probes = await Promise.all(
    [0, 1].map(() =>
      startGrpcJs({
        async ask({ text }) {
          ledger.written.set(text, (ledger.written.get(text) ?? 0) + 1)
          return { text }
        },
      }),
    ),
  )
  const [first] = targets as readonly [ChaosTarget, ...ChaosTarget[]]
  const workspace = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
budget: ${budgetMs}ms
services:
  users:
    rest: http://users.test:${first.port}
    identity: none
    discovery: { kind: dns, servers: "${dns.address}", refresh: 1s }
    timeout: 700ms
    retry: 2
  echo: { rest: "http://127.0.0.1:${first.port}", identity: none }
  probe: { grpc: [${probes.map(({ address }) => `"${address}"`).join(', ')}], proto: probe.proto, identity: none, timeout: 700ms }
routes:
  - { path: /rest/*, service: users, stripPrefix: true }
  - { path: /echo, service: echo, websocket: true }
  - { path: /grpc/*, transcode: probe }
bffs:
  app: { prefix: /app, schema: schema.graphql, operations: user.graphql, graphql: true }
`,
    'schema.graphql': `type Query { user(id: ID!): User @rest(service: "users", get: "/users/{args.id}") }
type Mutation { add(id: ID!): User @rest(service: "users", post: "/users/{args.id}") @auth(public: true) }
type User { id: ID! }
`,
    'user.graphql': 'query User($id: ID!) @endpoint(get: "/users/{id}") { user(id: $id) { id } }\n',
    'protos/probe.proto': readFileSync('test/services/grpc/fixtures/probe.proto', 'utf8'),
  })
  const gateway = await startGateway(workspace.dir)
  t.after(async () => {
    await gateway.close()
    for (const target of targets) await target.close()
    for (const probe of probes) probe.close()
    await workspace.remove()
  })
  const faults: readonly (() => Promise<void>)[] = [
    async () => {
      const target = chance.pick(targets.slice(0, 3))
      await target.die()
      await pause(300)
      await target.comeBack()
    },
    async () => {
      const target = chance.pick(targets.slice(0, 3))
      target.mode = chance.once(2) ? 'hang' : 'reset'
      await pause(300)
      target.mode = 'sound'
    },
    async () => {
      const probe = chance.pick(probes)
      await probe.vanish()
      await pause(300)
      await probe.comeBack()
    },
    () => {
      const without = chance.pick(hosts)
      return lead(hosts.filter((host) => host !== without))
    },
  ]
  return {
    url: gateway.url,
    ledger,
    disturb: async (until: number): Promise<void> => {
      for (let round = 0; performance.now() < until - 500; round += 1) {
        await (faults[round % faults.length] as () => Promise<void>)()
        await pause(100 + chance.below(200))
      }
    },
    /** When nothing is asked: once what is idle too long has been closed. */
    idle: async () => {
      await pause(5_500)
      gc()
      gc()
      const sockets = process.getActiveResourcesInfo().filter((one) => one === 'TCPSocketWrap').length
      return { heap: process.memoryUsage().heapUsed, sockets }
    },
  }
}

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void
