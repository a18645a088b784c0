import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { Agent, createServer, request, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { queryObjects, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { layWorkspace, startGateway } from '../support/gateway.ts'

const reloads = 100
const lanesAtOnce = 4

describe(`${reloads} reloads under load`, () => {
  it('fail no request, and open no connection to a service anew', async (t) => {
    const { gateway, url, connections } = await serving(t)
    const load = keepAsking(url)
    await load.rounds(3)
    const before = connections()
    for (let generation = 2; generation <= reloads + 1; generation += 1) {
      assert.deepEqual(await gateway.reload(), { ok: true, diagnostics: [], generation })
      await load.rounds(1)
    }
    await load.rounds(3)
    const answers = await load.stop()
    assert.ok(answers > 200, `${answers} answers`)
    // Four requests at a time may need as many connections; new pools would need one each.
    assert.ok(connections() <= before + lanesAtOnce, `${connections()} connections, ${before} before`)
  })

  it('keep what limits have counted, and a breaker that is open', async (t) => {
    const { gateway, url } = await serving(t)
    const limited = async (): Promise<number> => (await fetch(`${url}/limited`)).status
    const broken = async (): Promise<number> => (await fetch(`${url}/broken`)).status
    assert.deepEqual([await limited(), await limited()], [200, 200])
    for (let call = 0; call < 4; call += 1) await broken()
    const open = await broken()
    assert.equal(open, 503)
    for (let turn = 0; turn < 10; turn += 1) assert.ok((await gateway.reload()).ok)
    assert.deepEqual([await limited(), await limited()], [200, 429])
    assert.equal(await broken(), 503)
  })

  it('leave nothing behind: no generation in memory, no server, no timer', async (t) => {
    const { gateway, url } = await serving(t)
    const plans: WeakRef<object>[] = []
    const turns = async (count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn += 1) {
        plans.push(new WeakRef(gateway.plan()))
        // A breaker outlives the generation it was made by, and may hold it by an error's stack.
        for (const path of ['/app/word', '/words/one', '/broken']) await (await fetch(url + path)).text()
        assert.ok((await gateway.reload()).ok)
      }
    }
    await turns(20)
    const before = await settled(plans)
    await turns(60)
    const after = await settled(plans)
    assert.deepEqual(after, before)
    assert.equal(after.plans, 0)
  })

  it('leave nothing of generations that were refused', async (t) => {
    const { gateway, write } = await serving(t)
    const before = await settled([])
    await write('app.graphql', (text) => text.replace('words', 'wrods'))
    for (let turn = 0; turn < 5; turn += 1) assert.equal((await gateway.reload()).ok, false)
    await write('app.graphql', (text) => text.replace('wrods', 'words'))
    for (let turn = 0; turn < 5; turn += 1) await (await gateway.prepare()).discard()
    assert.deepEqual(await settled([]), before)
  })
})

/**
 * What there is once draining is done, which takes some turns of the event loop: plans that were not collected, HTTP
 * servers, of which each generation has one, and timers.
 */
const settled = async (plans: readonly WeakRef<object>[]) => {
  const left = () => ({
    plans: plans.filter((plan) => plan.deref() !== undefined).length,
    timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
  })
  let now = left()
  for (let turn = 0, same = 0; turn < 100 && same < 5; turn += 1) {
    await delay(20)
    collectGarbage()
    const next = left()
    same = next.plans === now.plans && next.timers === now.timers ? same + 1 : 0
    now = next
  }
  return { ...now, servers: queryObjects(Server, { format: 'count' }) }
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Asks all there is, on kept and on fresh connections, until it is stopped; anything but a whole 200 rejects `stop`. */
const keepAsking = (url: string) => {
  const kept = new Agent({ keepAlive: true, maxSockets: 4 })
  const query = { method: 'POST', path: '/app/graphql', body: '{"query":"{ word { text } }"}' }
  const asked = [query, { method: 'GET', path: '/app/word' }, { method: 'GET', path: '/words/one' }]
  let [answers, rounds] = [0, 0]
  const ending = { asked: false }
  let waiting: { readonly until: number; readonly done: () => void } | undefined
  const lane = async (agent: Agent | false): Promise<void> => {
    while (!ending.asked) {
      for (const one of asked) {
        const { status, text } = await ask(url, { ...one, agent })
        assert.equal(status, 200, text)
        assert.match(text, /hello/)
        answers += 1
      }
      rounds += 1
      if (waiting !== undefined && rounds >= waiting.until) waiting.done()
    }
  }
  const lanes = Promise.all([lane(kept), lane(kept), lane(false), lane(false)])
  return {
    /** Resolves when so many more rounds are through. */
    rounds: (more: number): Promise<unknown> =>
      Promise.race([lanes, new Promise<void>((done) => (waiting = { until: rounds + more, done }))]),
    async stop(): Promise<number> {
      ending.asked = true
      await lanes
      kept.destroy()
      return answers
    },
  }
}

type Asked = { readonly method: string; readonly path: string; readonly body?: string; readonly agent: Agent | false }

const ask = (
  url: string,
  { method, path, body, agent }: Asked,
): Promise<{ status: number | undefined; text: string }> =>
  new Promise((resolve, reject) => {
    const sent = request(url + path, { method, agent, headers: { 'content-type': 'application/json' } }, (response) => {
      response.toArray().then((parts) => resolve({ status: response.statusCode, text: parts.join('') }), reject)
    })
    sent.on('error', reject).end(body)
  })

const serving = async (t: TestContext) => {
  const server = createServer((asked, response) => {
    asked.resume()
    if (asked.url === '/broken') response.statusCode = 500
    response.setHeader('content-type', 'application/json').end('{"text":"hello"}')
  })
  let connections = 0
  server.on('connection', () => (connections += 1))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const service = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
accessLog: false
drain: 2s
services:
  words: { rest: "${service}", identity: none }
  bad: { rest: "${service}", identity: none, breaker: { volume: 4 } }
bffs:
  app: { prefix: /app, schema: app.graphql, operations: word.graphql, graphql: true }
routes:
  - { path: /words/*, service: words }
  - { path: /limited, service: words, rateLimit: { limit: 3, window: 1h } }
  - { path: /broken, service: bad }
`,
    'app.graphql':
      'type Query { word: Word! @rest(service: "words", get: "/words/one") }\ntype Word { text: String! }\n',
    'word.graphql': 'query Word @endpoint(get: "/word") { word { text } }\n',
  })
  const { gateway, url, close } = await startGateway(dir)
  t.after(async () => {
    await close()
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    await remove()
  })
  const write = async (file: string, change: (text: string) => string): Promise<void> =>
    writeFile(join(dir, file), change(await readFile(join(dir, file), 'utf8')))
  return { gateway, url, write, connections: () => connections }
}
