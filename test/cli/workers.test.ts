import assert from 'node:assert/strict'
import { once } from 'node:events'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { ServiceState } from '../../src/services/state.ts'
import { portico } from '../support/command.ts'
import { freePort } from '../support/free-port.ts'
import type { Files } from '../support/gateway.ts'
import { runProgram } from '../support/process.ts'
import { until } from '../support/until.ts'
import { temporaryWorkspace, wordOperation } from '../support/workspace.ts'

describe('portico start --workers', () => {
  it('is one gateway to those who ask, who change its workspace and who stop it', async (t) => {
    const { dir, url, probes, admin, program } = await started(t, maskedAndLimited)
    await t.test('serves one port by several processes, with their metrics added up and one readiness', async () => {
      for (let request = 0; request < 20; request += 1)
        assert.equal((await fetch(`${url}/app/word`, { headers: { connection: 'close' } })).status, 200)
      const metrics = await (await fetch(`${probes}/metrics`)).text()
      assert.equal(count(metrics, 'http_server_request_duration_seconds_count'), 20)
      assert.equal(count(metrics, 'portico_config_generation'), 1)
      const ready = await fetch(`${probes}/readyz`)
      assert.deepEqual([ready.status, await ready.text()], [200, 'ok\n'])
    })
    await t.test('gives the services of all workers as one', async () => {
      for (let request = 0; request < 4; request += 1) await names(url)
      const { services } = (await (await fetch(`${admin}/services`)).json()) as { services: readonly ServiceState[] }
      assert.deepEqual(
        services.map(({ name, active, targets }) => [name, active, targets.map(({ state }) => state)]),
        [['words', 0, ['up']]],
      )
    })
    await t.test('warns that limits in memory are counted by each worker', async () => {
      await program.wrote(/"level":"warn"[^\n]*each of 2 workers counts its share of rate limits for itself/)
    })
    await t.test('starts another worker in place of one that dies, and keeps what it counted', async () => {
      await names(url)
      const earlier = await (await fetch(`${probes}/metrics`)).text()
      const counted = count(earlier, 'http_server_request_duration_seconds_count')
      assert.ok(counted > 0)
      const [, pid] = await program.wrote(/"pids":\[(\d+),/)
      process.kill(Number(pid), 'SIGKILL')
      await program.wrote(/ended with SIGKILL; another is started/)
      assert.equal((await fetch(`${probes}/readyz`)).status, 503)
      assert.deepEqual(await names(url), ['first'])
      await program.wrote(/a worker is back/)
      const ready = await fetch(`${probes}/readyz`)
      assert.equal(ready.status, 200)
      const now = await (await fetch(`${probes}/metrics`)).text()
      assert.ok(count(now, 'http_server_request_duration_seconds_count') >= counted)
    })
    await t.test('reloads all workers, and none where the workspace is broken', async () => {
      await write(dir, wordOperation('second').replace('text', 'txet # of ada@id.test'))
      await program.wrote(/"mistakes":\["[^]*of \(an address\)[^]*"reload refused, the workspace has mistakes/)
      assert.ok(!program.out().includes('ada@id.test'))
      const refused = await fetch(`${admin}/reload`, post)
      assert.equal(refused.status, 422)
      assert.deepEqual(await names(url), ['first'])
      await write(dir, wordOperation('third'))
      await program.wrote(/"generation":2,"workers":2,"msg":"all workers have reloaded"/)
      assert.deepEqual(await names(url), ['third'])
      const reloaded = await fetch(`${admin}/reload`, post)
      assert.deepEqual(await reloaded.json(), { ok: true, generation: 3, diagnostics: [] })
    })
    await t.test('moves the probes with a reload', async () => {
      const port = await freePort()
      const yaml = await readFile(join(dir, 'portico.yaml'), 'utf8')
      await writeFile(join(dir, 'portico.yaml'), yaml.replace('probes: 127.0.0.1:0', `probes: 127.0.0.1:${port}`))
      assert.equal((await fetch(`${admin}/reload`, post)).status, 200)
      assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200)
      await assert.rejects(fetch(`${probes}/readyz`))
    })
    await t.test('reloads none where one worker cannot build what another could', async () => {
      const [, , other] = await program.wrote(/"pids":\[(\d+),(\d+)\]/)
      await writeFile(
        join(dir, 'functions.ts'),
        `if (process.pid === ${other}) throw new Error('not in this one')\nexport const resolvers = {}\n`,
      )
      const yaml = await readFile(join(dir, 'portico.yaml'), 'utf8')
      await writeFile(
        join(dir, 'portico.yaml'),
        yaml.replace('    prefix: /app\n', '    prefix: /app\n    resolvers: functions.ts\n'),
      )
      await write(dir, wordOperation('fourth'))
      const refused = await fetch(`${admin}/reload`, post)
      assert.deepEqual([refused.status, ((await refused.json()) as { why: string }).why], [422, 'not in this one'])
      assert.deepEqual(await names(url), ['third'])
    })
    await t.test('answers what it has begun on SIGTERM, and ends with 0', async () => {
      const slow = fetch(`${url}/words/held`)
      const answer = await held()
      program.child.kill('SIGTERM')
      await program.wrote(/"msg":"draining"/)
      answer.end('{"text":"late"}')
      assert.equal((await slow).status, 200)
      assert.equal((await program.ended).status, 0)
    })
  })

  it('replaces a worker that dies while the workspace is broken by one with the last good generation', async (t) => {
    const { dir, url, probes, program } = await started(t, withSecretAndFunction, {
      secret: 'of thirty-two bytes, and then some',
      'functions.ts': "import { louder } from './louder.ts'\nexport const resolvers = { loud: louder }\n",
      'louder.ts': 'export const louder = (word: { text: string }): string => `${word.text}!`\n',
      'schema/app.graphql': `type Query { word: Word! @rest(service: "words", get: "/words/one") }
type Word { text: String! loud: String! @resolver(fn: "loud", needs: "text", pure: true) }`,
    })
    const [, pid] = await program.wrote(/"pids":\[(\d+),/)
    await write(dir, 'query Word @endpoint(get: "/word") { word { second: loud } }')
    await program.wrote(/"generation":2,"workers":2/)
    const aside = `${dir}-aside`
    t.after(() => rm(aside, { recursive: true, force: true }))
    await cp(dir, aside, { recursive: true })
    for (const file of ['secret', 'functions.ts', 'louder.ts', 'schema']) await rm(join(dir, file), { recursive: true })
    await writeFile(join(dir, 'portico.yaml'), 'listen: nowhere\n')
    await program.wrote(/"reload refused/)
    process.kill(Number(pid), 'SIGKILL')
    await program.wrote(/"generation":2,"msg":"a worker is back"/)
    assert.equal((await fetch(`${probes}/readyz`)).status, 200)
    assert.deepEqual(await answers(url), ['{"word":{"second":"hello!"}}'])
    await cp(aside, dir, { recursive: true })
    await write(dir, 'query Word @endpoint(get: "/word") { word { third: loud } }')
    await program.wrote(/"generation":\d+,"workers":2[^]*"generation":\d+,"workers":2/)
    await until(async () => (await answers(url)).join() === '{"word":{"third":"hello!"}}')
  })

  it('gives up with 1 when no worker can be kept alive', async (t) => {
    // Dead before it has loaded anything: ten deaths in a row are what it takes.
    const { dir } = await workspaceFolder(t, {
      'dies.mjs': `import { existsSync } from 'node:fs'
if (existsSync(new URL('broken', import.meta.url))) throw new Error('something else is broken')\n`,
    })
    const program = run(t, dir, { NODE_OPTIONS: `--import=${join(dir, 'dies.mjs')}` })
    const [, ...pids] = await program.wrote(/"pids":\[(\d+),(\d+)\]/)
    await writeFile(join(dir, 'broken'), '')
    for (const pid of pids) process.kill(Number(pid), 'SIGKILL')
    assert.equal((await program.ended).status, 1)
    assert.match(program.out(), /"level":"fatal"[^\n]*no worker can be kept alive/)
  })

  it('is not ready while a worker does not come back to its event loop, and replaces it', async (t) => {
    const { dir } = await workspaceFolder(t)
    const program = runProgram('test/support/workers-program.ts', [dir], { env: { WORDS_URL: words } })
    t.after(() => program.child.kill('SIGKILL'))
    const [, url = '', probes = ''] = await program.wrote(/serving (\S+) (\S+)/)
    const [, pid] = await program.wrote(/"pids":\[(\d+),/)
    process.kill(Number(pid), 'SIGSTOP')
    await program.wrote(/a worker does not answer/)
    const ready = await fetch(`${probes}/readyz`)
    assert.deepEqual([ready.status, await ready.text()], [503, '1 of 2 workers do not answer\n'])
    assert.equal((await fetch(`${probes}/metrics`)).status, 200)
    await program.wrote(/a worker is stuck and is killed/)
    await program.wrote(/a worker is back/)
    assert.deepEqual(await names(url), ['first'])
    assert.equal((await fetch(`${probes}/readyz`)).status, 200)
  })

  it('reloads once it listens where SIGHUP comes while it starts', async (t) => {
    const { dir } = await workspaceFolder(t)
    const program = run(t, dir)
    await program.wrote(/workers have started/)
    program.child.kill('SIGHUP')
    await program.wrote(/"generation":2,"workers":2,"msg":"all workers have reloaded"/)
  })

  it('ends at once on a second signal, workers too', async (t) => {
    const { url, program } = await started(t)
    await names(url)
    const [, pid] = await program.wrote(/"pids":\[(\d+),/)
    const slow = assert.rejects(fetch(`${url}/words/held`))
    const answer = await held()
    program.child.kill('SIGTERM')
    await program.wrote(/"msg":"draining"/)
    await delay(600)
    program.child.kill('SIGTERM')
    assert.equal((await program.ended).status, 143)
    await slow
    await gone(Number(pid))
    answer.destroy()
  })

  it('says why a worker does not start, and exits 1', async (t) => {
    const { dir, remove } = await temporaryWorkspace()
    t.after(remove)
    const program = run(t, dir, { LISTEN: new URL(words).host })
    const { status, err } = await program.ended
    assert.equal(status, 1)
    assert.match(err, /EADDRINUSE|is in use/)
  })

  it('refuses a workspace with mistakes once, and counts that are none', async (t) => {
    const { dir, remove } = await temporaryWorkspace({ 'schema/app.graphql': 'type Query {' })
    t.after(remove)
    const { status, out, err } = await run(t, dir).ended
    assert.deepEqual([status, out, err.split('nothing was started').length], [1, '', 2])
    for (const workers of ['0', '-1', 'many', '1.5', '1000'])
      assert.equal((await portico(['start', dir, '--workers', workers])).status, 2, workers)
  })
})

const post = { method: 'POST', headers: { 'content-type': 'application/json' } }

const write = (dir: string, text: string): Promise<void> => writeFile(join(dir, 'schema/operations/word.graphql'), text)

/** The answers of new connections: of as many as reach every worker in turn. */
const answers = async (url: string): Promise<readonly string[]> => {
  const found = new Set<string>()
  for (let request = 0; request < 8; request += 1)
    found.add(await (await fetch(`${url}/app/word`, { headers: { connection: 'close' } })).text())
  return [...found]
}

/** What they are named. */
const names = async (url: string): Promise<readonly string[]> => {
  const words = (await answers(url)).map((answer) => (JSON.parse(answer) as { readonly word: object }).word)
  return [...new Set(words.flatMap((word) => Object.keys(word)))]
}

const maskedAndLimited = (text: string): string =>
  `mask: { rules: [{ pattern: email, becomes: { text: (an address) }, in: logs }] }\n${text}`.replace(
    '    service: words\n',
    '    service: words\n    rateLimit: { limit: 10, window: 1m }\n',
  )

const withSecretAndFunction = (text: string): string =>
  text
    .replace('    prefix: /app\n', '    prefix: /app\n    resolvers: functions.ts\n')
    .replace('bffs:\n', 'auth:\n  users:\n    jwt: { issuer: i, audience: a, secret: "file:secret" }\nbffs:\n')

const count = (metrics: string, name: string): number =>
  [...metrics.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\d+)$`, 'gm'))].reduce((sum, [, n]) => sum + Number(n), 0)

const run = (t: TestContext, dir: string, env: Readonly<Record<string, string>> = {}) => {
  const program = runProgram('src/main.ts', ['start', dir, '--workers', '2'], {
    env: { WORDS_URL: words, ...env },
  })
  t.after(() => program.child.kill('SIGKILL'))
  return program
}

const workspaceFolder = async (t: TestContext, files: Files = {}) => {
  const { dir, remove } = await temporaryWorkspace(files)
  t.after(remove)
  return { dir }
}

const started = async (t: TestContext, change: (text: string) => string = (text) => text, files: Files = {}) => {
  const { dir } = await workspaceFolder(t, files)
  const file = join(dir, 'portico.yaml')
  await writeFile(file, change(`admin: 127.0.0.1:0\n${await readFile(file, 'utf8')}`))
  const program = run(t, dir)
  const [line] = await program.wrote(/^.*"msg":"listening".*$/m)
  const { listen, probes, admin } = JSON.parse(line) as Readonly<Record<'listen' | 'probes' | 'admin', string>>
  return { dir, program, url: listen, probes, admin }
}

/** Until a process is no more, or only waits for someone to ask how it ended, as orphans in a container may. */
const gone = (pid: number): Promise<void> => until(async () => !(await runs(pid)))

const runs = async (pid: number): Promise<boolean> => {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat === undefined || stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z'
}

/** The response of the next request to /words/held, which the test ends. */
const held = async (): Promise<ServerResponse> => {
  const [response] = (await once(service, 'held')) as [ServerResponse]
  return response
}

const service = createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  if (request.url === '/words/held') service.emit('held', response)
  else response.end('{"text":"hello"}')
})
let words: string
before(async () => {
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  words = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
})
after(() => {
  service.close()
  service.closeAllConnections()
})
