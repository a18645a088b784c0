import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Files } from '../support/gateway.ts'
import { type Program, runProgram } from '../support/process.ts'
import { temporaryWorkspace, wordOperation } from '../support/workspace.ts'

describe('portico start', () => {
  it('logs one JSON line with its addresses, serves, and ends with 0 on SIGTERM', async (t) => {
    const { program, listening, url } = await started(t)
    assert.match(String(listening['probes']), /^http:\/\/127\.0\.0\.1:\d+$/)
    assert.equal((await fetch(`${String(listening['probes'])}/readyz`)).status, 200)
    assert.deepEqual(await (await fetch(`${url}/app/word`)).json(), { word: { first: 'hello' } })
    assert.equal((await fetch(`${url}/app/graphiql`)).status, 404)
    program.child.kill('SIGTERM')
    const { status, out, err } = await program.ended
    assert.deepEqual([status, err], [0, ''])
    for (const line of out.trimEnd().split('\n')) assert.equal(typeof JSON.parse(line), 'object')
  })

  it('refuses a workspace with mistakes: prints them all, opens nothing, exits 1', async (t) => {
    const { dir } = await workspace(t, {
      'schema/app.graphql': 'type Query {\n  word: Word! @rest(service: "wrods", get: "/words/one")\n  a: Sting\n}\n',
    })
    const { status, out, err } = await start(t, dir).ended
    assert.deepEqual([status, out], [1, ''])
    assert.match(err, /schema\/app\.graphql:\d+:\d+ /)
    assert.match(err, /\d errors?; nothing was started\n$/)
  })

  it('prints warnings and starts all the same', async (t) => {
    const { program } = await started(t, {
      'portico.yaml': (text) => `${text}  - path: /app/legacy\n    service: words\n`,
    })
    assert.match(program.err(), /portico\.yaml:\d+:\d+ .*\(warning\)\n/)
  })

  it('says in one sentence that a port is in use, and exits 1', async (t) => {
    const { url } = await started(t)
    const { dir } = await workspace(t)
    const { status, err } = await start(t, dir, { LISTEN: new URL(url).host }).ended
    assert.deepEqual([status, err.trimEnd().split('\n').length], [1, 1])
    assert.match(err, /^127\.0\.0\.1:\d+ is in use; /)
  })

  it('finishes the request it has begun on SIGTERM, takes no new ones, and ends with 0', async (t) => {
    const { program, url } = await started(t)
    const slow = fetch(`${url}/words/held`, { headers: { connection: 'close' } })
    const answer = await held()
    program.child.kill('SIGTERM')
    await program.wrote(/"msg":"draining"/)
    await assert.rejects(fetch(`${url}/app/word`))
    answer.end('{"text":"late"}')
    assert.deepEqual([(await slow).status, await (await slow).json()], [200, { text: 'late' }])
    assert.equal((await program.ended).status, 0)
  })

  // The connection of a request that outlasted SIGTERM stays open until its keep-alive time is over.
  it('ends once its last answer is given, though the client would keep the connection', async (t) => {
    const { program, url } = await started(t)
    const slow = fetch(`${url}/words/held`)
    const answer = await held()
    program.child.kill('SIGTERM')
    await program.wrote(/"msg":"draining"/)
    answer.end('{"text":"late"}')
    assert.equal((await slow).status, 200)
    const tooLate = delay(40_000, 'too late', { ref: false })
    assert.notEqual(await Promise.race([program.ended, tooLate]), 'too late')
  })

  it('ends at once on a second signal, with the status of that signal', async (t) => {
    const { program, url } = await started(t)
    const slow = assert.rejects(fetch(`${url}/words/held`))
    const answer = await held()
    // Signals that come together count as one.
    program.child.kill('SIGTERM')
    program.child.kill('SIGINT')
    await program.wrote(/"msg":"draining"/)
    await delay(600)
    assert.equal(program.child.exitCode, null)
    program.child.kill('SIGINT')
    assert.equal((await program.ended).status, 130)
    await slow
    answer.destroy()
  })
})

describe('a running gateway', () => {
  it('serves a changed file without failing a request', async (t) => {
    const { dir, url, program } = await started(t)
    const stream = keepAsking(`${url}/app/word`)
    await write(dir, 'schema/operations/word.graphql', wordOperation('second'))
    await program.wrote(/"generation":2,"msg":"reloaded"/)
    await write(dir, 'schema/operations/word.graphql', wordOperation('third'))
    await program.wrote(/"generation":3,"msg":"reloaded"/)
    const answers = await stream.until('third')
    assert.deepEqual([...new Set(answers)], ['first', 'second', 'third'])
  })

  it('reloads on SIGHUP without failing a request', async (t) => {
    const { url, program } = await started(t)
    const stream = keepAsking(`${url}/app/word`)
    for (const generation of [2, 3, 4]) {
      program.child.kill('SIGHUP')
      await program.wrote(new RegExp(`"generation":${generation},"msg":"reloaded"`))
    }
    assert.deepEqual([...new Set(await stream.until('first'))], ['first'])
  })

  it('keeps its last good state when a change is broken, says why, and takes the mended one', async (t) => {
    const { dir, url, program } = await started(t)
    await write(dir, 'schema/operations/word.graphql', wordOperation('second').replace('text', 'txet'))
    await program.wrote(/reload refused.*/)
    assert.match(program.out(), /schema\/operations\/word\.graphql:3:5 .*Did you mean/)
    assert.deepEqual(await (await fetch(`${url}/app/word`)).json(), { word: { first: 'hello' } })
    await write(dir, 'schema/operations/word.graphql', wordOperation('second'))
    await program.wrote(/"msg":"reloaded"/)
    assert.deepEqual(await (await fetch(`${url}/app/word`)).json(), { word: { second: 'hello' } })
  })

  it('says once of a file that is half written what is wrong, serves on, and takes it when it is whole', async (t) => {
    const { dir, url, program } = await started(t)
    const whole = await readFile(join(dir, 'portico.yaml'), 'utf8')
    for (const part of [whole.slice(0, 10), `${whole.slice(0, 40)}{ [`]) await write(dir, 'portico.yaml', part)
    await program.wrote(/reload refused, the workspace has mistakes/)
    assert.equal((await fetch(`${url}/app/word`)).status, 200)
    await write(dir, 'portico.yaml', whole)
    await program.wrote(/"generation":2,"msg":"reloaded"/)
    assert.equal(program.out().split('reload refused').length, 2)
  })

  it('serves a file that is new, and no longer one that is gone', async (t) => {
    const { dir, url, program } = await started(t)
    await write(dir, 'schema/operations/other.graphql', wordOperation('other').replace('/word', '/other'))
    await program.wrote(/"generation":2,"msg":"reloaded"/)
    assert.equal((await fetch(`${url}/app/other`)).status, 200)
    await rm(join(dir, 'schema/operations/other.graphql'))
    await program.wrote(/"generation":3,"msg":"reloaded"/)
    assert.equal((await fetch(`${url}/app/other`)).status, 404)
  })

  it('serves a file that is new in a folder which operations name by a pattern', async (t) => {
    const operations = (text: string) => text.replace('schema/operations/', 'screens/')
    const { dir, url, program } = await started(t, {
      'portico.yaml': operations,
      'screens/word.graphql': wordOperation('first'),
    })
    await write(dir, 'screens/other.graphql', wordOperation('other').replace('/word', '/other'))
    await program.wrote(/"generation":2,"msg":"reloaded"/)
    assert.equal((await fetch(`${url}/app/other`)).status, 200)
  })

  it('sees files that are renamed into place, time and again', async (t) => {
    const { dir, program } = await started(t)
    for (const generation of [2, 3, 4]) {
      await write(dir, 'next.tmp', wordOperation(`name${generation}`))
      await rename(join(dir, 'next.tmp'), join(dir, 'schema/operations/word.graphql'))
      await program.wrote(new RegExp(`"generation":${generation},"msg":"reloaded"`))
    }
  })

  it('sees the symlink swaps of a Kubernetes volume, time and again', async (t) => {
    const { dir } = await workspace(t)
    // As kubelet lays them: files are links through `..data`, which is renamed over.
    await mkdir(join(dir, 'mounted'))
    const mount = join(dir, 'mounted')
    for (const part of ['portico.yaml', 'schema']) {
      await rename(join(dir, part), join(mount, part))
      await symlink(`volume/..data/${part}`, join(dir, part))
    }
    await mkdir(join(dir, 'volume'))
    await rename(mount, join(dir, 'volume/..1'))
    await symlink('..1', join(dir, 'volume/..data'))
    const program = start(t, dir)
    await program.wrote(/"msg":"listening"/)
    for (const generation of [2, 3, 4]) {
      const next = join(dir, `volume/..${generation}`)
      await mkdir(join(next, 'schema/operations'), { recursive: true })
      const files = await filesOf()
      for (const [file, text] of Object.entries(files)) await writeFile(join(next, file), text)
      await symlink(`..${generation}`, join(dir, 'volume/..tmp'))
      await rename(join(dir, 'volume/..tmp'), join(dir, 'volume/..data'))
      await rm(join(dir, `volume/..${generation - 1}`), { recursive: true })
      await program.wrote(new RegExp(`"generation":${generation},"msg":"reloaded"`))
    }
  })
})

describe('portico dev', () => {
  it('prints what to open and readable lines, and explains a broken change once', async (t) => {
    const { dir } = await workspace(t)
    const program = runProgram('src/main.ts', ['dev', dir], { env: { WORDS_URL: words } })
    t.after(() => program.child.kill('SIGKILL'))
    const [, graphiql = ''] = await program.wrote(/GraphiQL {2}(http:\S+)\n/)
    await program.wrote(/GET \/app\/word\n/)
    assert.match(await (await fetch(graphiql)).text(), /<title>GraphiQL/)
    await fetch(new URL('/app/word', graphiql))
    await program.wrote(/^\d\d:\d\d:\d\d\.\d{3} GET \/app\/word 200 [\d.]+ ms$/m)
    await write(dir, 'schema/app.graphql', 'type Query {')
    await program.wrote(/1 error; the last good state goes on/)
    assert.equal((program.out() + program.err()).split('schema/app.graphql:1:').length, 2)
    assert.equal((await fetch(new URL('/app/word', graphiql))).status, 200)
    program.child.kill('SIGINT')
    assert.equal((await program.ended).status, 0)
  })
})

type Change = Files[string] | ((text: string) => string)

const write = (dir: string, file: string, text: string): Promise<void> => writeFile(join(dir, file), text)

/** Asks again and again, on four connections; a request that fails or is not answered whole fails `until`. */
const keepAsking = (url: string) => {
  const answers: string[] = []
  let enough = false
  let awaited: string | undefined
  const lane = async (): Promise<void> => {
    while (!enough) {
      const reply = await fetch(url)
      const body = (await reply.json()) as { readonly word: object }
      assert.equal(reply.status, 200)
      const [name = ''] = Object.keys(body.word)
      answers.push(name)
      if (name === awaited) enough = true
    }
  }
  const lanes = Promise.all([lane(), lane(), lane(), lane()])
  return {
    /** Goes on until an answer bears that name; all names there were. */
    async until(name: string): Promise<readonly string[]> {
      awaited = name
      await lanes
      return answers
    },
  }
}

const filesOf = async (): Promise<Files> => {
  const { dir, remove } = await temporaryWorkspace()
  const files = ['portico.yaml', 'schema/app.graphql', 'schema/operations/word.graphql']
  const texts = await Promise.all(files.map(async (file) => [file, await readFile(join(dir, file), 'utf8')] as const))
  await remove()
  return Object.fromEntries(texts)
}

const workspace = async (t: TestContext, changed: Readonly<Record<string, Change>> = {}) => {
  const original = await filesOf()
  const files = Object.entries(changed).map(([file, change]) => [
    file,
    typeof change === 'string' ? change : change(original[file] ?? ''),
  ])
  const laid = await temporaryWorkspace(Object.fromEntries(files))
  t.after(laid.remove)
  return laid
}

const start = (t: TestContext, dir: string, env: Readonly<Record<string, string>> = {}): Program => {
  const program = runProgram('src/main.ts', ['start', dir], { env: { WORDS_URL: words, ...env } })
  t.after(() => program.child.kill('SIGKILL'))
  return program
}

const started = async (t: TestContext, changed: Readonly<Record<string, Change>> = {}) => {
  const { dir } = await workspace(t, changed)
  const program = start(t, dir)
  const [line] = await program.wrote(/^.*"msg":"listening".*$/m)
  const listening = JSON.parse(line) as Readonly<Record<string, unknown>>
  return { dir, program, listening, url: String(listening['listen']) }
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
