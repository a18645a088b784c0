import { parseArgs } from 'node:util'
import { type Dispatcher, Pool } from 'undici'
import type { AnswerHandler } from '../src/services/rest/wire/flight.ts'
import type { ResponseHead } from '../src/services/rest/wire/head.ts'
import { Origin } from '../src/services/rest/wire/origin.ts'
import { itemOf, longText, numbers, posts } from './data.ts'
import { start } from './processes.ts'
import { median } from './report.ts'

/**
 * `node bench/upstream-client.ts [--rounds n] [--calls n]`: CPU time of one call of a service, a GET of JSON with 64 in
 * flight, by our own client and by undici's. All in this process, in turn; the service is another.
 */
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, calls: { type: 'string', default: '20000' } },
})
const inFlight = 64
const headers = ['accept', 'application/json', 'accept-encoding', 'identity', 'user-agent', 'portico']
type Wanted = { readonly path: string; readonly text: string }
const sizes: Readonly<Record<string, readonly Wanted[]>> = {
  '1 KiB': numbers.map((number) => ({ path: `/items/${number}`, text: JSON.stringify(itemOf(number)) })),
  '25 KiB': [{ path: '/posts', text: JSON.stringify(posts) }],
  '100 KiB': [{ path: '/texts', text: JSON.stringify(longText) }],
}

/** Asks for a path and calls back with the body. */
type Ask = (path: string, done: (body: Buffer) => void) => unknown

const noBytes = Buffer.alloc(0)
const fail = (error: Error): never => {
  throw error
}

class WireAnswer implements AnswerHandler {
  readonly #done: (body: Buffer) => void
  #body: Buffer = noBytes
  #size = 0

  constructor(done: (body: Buffer) => void) {
    this.#done = done
  }

  onHead(head: ResponseHead): void {
    if (head.get('content-type') !== 'application/json') throw new Error('No JSON.')
    if (head.framing.kind === 'length') this.#body = Buffer.allocUnsafe(head.framing.length)
  }

  onData(chunk: Buffer): boolean {
    this.#size += chunk.copy(this.#body, this.#size)
    return true
  }

  onEnd(): void {
    this.#done(this.#body)
  }

  readonly onError = fail
}

class DispatchAnswer implements Dispatcher.DispatchHandler {
  readonly #done: (body: Buffer) => void
  readonly #chunks: Buffer[] = []
  constructor(done: (body: Buffer) => void) {
    this.#done = done
  }

  onResponseStart(_: unknown, __: number, answered: Record<string, unknown>): void {
    if (answered['content-type'] !== 'application/json') throw new Error('No JSON.')
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    this.#done(this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks))
  }

  onResponseError(_: unknown, error: Error): void {
    fail(error)
  }

  onRequestStart(): void {}
}

const upstream = await start({ script: './upstream.ts', core: 1 })
const address = `http://127.0.0.1:${upstream.port}`
const pool = new Pool(address, { headersTimeout: 0, bodyTimeout: 0 })
const origin = new Origin({ origin: address })

const contestants: Readonly<Record<string, Ask>> = {
  'undici request()': async (path, done) => {
    const { body } = await pool.request({ path, method: 'GET', headers })
    done(Buffer.from(await body.arrayBuffer()))
  },
  'undici dispatch()': (path, done) => {
    pool.dispatch({ path, method: 'GET', headers }, new DispatchAnswer(done))
  },
  'our own': (path, done) => {
    origin.dispatch({ path, method: 'GET', headers, body: null, repeatable: true }, new WireAnswer(done))
  },
}

/** CPU µs a call, of `calls` calls with 64 in flight, each answer compared with the right one. */
const measure = (ask: Ask, answers: readonly Wanted[], calls: number): Promise<number> =>
  new Promise((resolve) => {
    const before = process.cpuUsage()
    let begun = 0
    let ended = 0
    const next = (): void => {
      const { path, text } = answers[begun++ % answers.length] as Wanted
      ask(path, (body) => {
        if (body.toString('latin1') !== text) throw new Error(`A wrong answer to ${path}.`)
        ended += 1
        if (begun < calls) next()
        else if (ended === calls) {
          const { user, system } = process.cpuUsage(before)
          resolve((user + system) / calls)
        }
      })
    }
    for (let count = 0; count < inFlight; count += 1) next()
  })

for (const [size, answers] of Object.entries(sizes)) {
  const times = new Map<string, number[]>(Object.keys(contestants).map((name) => [name, []]))
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [name, ask] of Object.entries(contestants)) {
      const time = await measure(ask, answers, Number(values.calls))
      // The first round warms the code up and does not count.
      if (round > 0) times.get(name)?.push(time)
    }
  }
  const peer = median(times.get('undici dispatch()') ?? [])
  process.stdout.write(`### ${size}\n\n| | CPU µs/call | × dispatch() |\n|---|--:|--:|\n`)
  for (const [name, all] of times)
    process.stdout.write(`| ${name} | ${median(all).toFixed(1)} | ${(median(all) / peer).toFixed(2)} |\n`)
  process.stdout.write('\n')
}
await Promise.all([pool.destroy(), origin.close(), upstream.stop()])
