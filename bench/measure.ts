import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { LoadOrder, LoadReport } from './load.ts'
import { cpuMicroseconds, type Running, residentMiB, start } from './processes.ts'
import type { Contestant, Workload, WorkloadRequest } from './workloads.ts'

/** One window of one contestant. Figures per request; undefined where the system does not tell. */
export type Sample = {
  readonly contestant: string
  readonly cpuMicroseconds: number | undefined
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly upstreamCalls: number
  readonly peakMiB: number | undefined
}

export type Course = { readonly rounds: number; readonly seconds: number; readonly connections: number }

/** What a contestant does before its first window counts, and before each later one. */
const firstWarmup = { warmupMs: 4_000, warmupRequests: 15_000 }
const warmup = { warmupMs: 300, warmupRequests: 0 }

/**
 * Runs one workload: every contestant is up all the time and idle out of its turn; each round gives each of them
 * one window, every other round in reverse, so that what else the machine does hits all alike.
 */
export const measure = async (workload: Workload, course: Course): Promise<readonly Sample[]> => {
  const upstream = await start({ script: workload.upstream ?? './upstream.ts', core: 1 })
  const load = await start({ script: './load.ts', core: 1 })
  const running = new Map<Contestant, Entered>()
  const { contestants } = workload
  try {
    for (const contestant of contestants)
      running.set(contestant, await enter(workload, contestant, { upstreamPort: upstream.port }))
    const samples: Sample[] = []
    for (let round = 0; round < course.rounds; round += 1) {
      const order = round % 2 === 0 ? contestants : contestants.toReversed()
      for (const contestant of order) {
        const entered = running.get(contestant) as Entered
        const window = { ...(round === 0 ? firstWarmup : warmup), windowMs: course.seconds * 1_000 }
        const order_ = { ...window, port: entered.process.port, connections: course.connections }
        samples.push(
          await sample(contestant.name, entered.process, {
            order: { ...order_, requests: entered.requests },
            load,
            upstream,
          }),
        )
      }
    }
    return samples
  } finally {
    await Promise.all([upstream, load, ...[...running.values()].map(({ process }) => process)].map((one) => one.stop()))
  }
}

/** Keeps one contestant under its workload for some seconds, warm-up included; nothing is measured. */
export const runUnderLoad = async (
  workload: Workload,
  contestant: Contestant,
  { seconds, execArgv }: { readonly seconds: number; readonly execArgv: readonly string[] },
): Promise<void> => {
  const upstream = await start({ script: workload.upstream ?? './upstream.ts', core: 1 })
  const load = await start({ script: './load.ts', core: 1 })
  const entered = await enter(workload, contestant, { upstreamPort: upstream.port, execArgv })
  try {
    const { port } = entered.process
    const window = { warmupMs: 100, warmupRequests: 0, windowMs: seconds * 1_000 }
    await sample(contestant.name, entered.process, {
      order: { ...window, port, connections: 64, requests: entered.requests },
      load,
      upstream,
    })
  } finally {
    for (const one of [entered.process, load, upstream]) await one.stop()
  }
}

type Entered = { readonly process: Running; readonly requests: LoadOrder['requests'] }

/** Starts a contestant and makes sure once that it answers every request rightly, before anything is timed. */
const enter = async (
  workload: Workload,
  contestant: Contestant,
  { upstreamPort, execArgv = [] }: { readonly upstreamPort: number; readonly execArgv?: readonly string[] },
): Promise<Entered> => {
  const { script, args, env } = contestant
  const process = await start({
    script,
    core: 0,
    execArgv,
    ...(args && { args }),
    env: {
      UPSTREAM: `http://127.0.0.1:${upstreamPort}`,
      UPSTREAM_ADDRESS: `127.0.0.1:${upstreamPort}`,
      ...env,
    },
  })
  try {
    return { process, requests: await answersOf(workload, process.port) }
  } catch (error) {
    await process.stop()
    throw new Error(`${contestant.name} does not answer ${workload.name} rightly.`, { cause: error })
  }
}

/** The requests of a workload with the exact answer of one contestant: byte for byte its own, in meaning everybody's. */
export const answersOf = async (
  { requests }: Pick<Workload, 'requests'>,
  port: number,
): Promise<LoadOrder['requests']> => {
  const read: LoadOrder['requests'][number][] = []
  for (const { method, path, body, headers: own = {}, answer } of requests) {
    const headers = { 'content-type': 'application/json', ...own }
    const reply = await fetch(
      `http://127.0.0.1:${port}${path}`,
      body === undefined ? { headers: own } : { method, body, headers },
    )
    const text = await reply.text()
    assert.equal(reply.status, 200, text)
    assert.deepEqual(JSON.parse(text), answer)
    read.push({ text: requestText({ method, path, body, headers: own }), answer: text })
  }
  return read
}

type Asked = Required<Pick<WorkloadRequest, 'method' | 'path' | 'headers'>> & { readonly body: string | undefined }

const requestText = ({ method, path, body = '', headers }: Asked): string =>
  [
    `${method} ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    'accept: */*',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === '' ? [] : ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`]),
    '',
    body,
  ].join('\r\n')

type Stand = { readonly order: LoadOrder; readonly load: Running; readonly upstream: Running }

const sample = async (contestant: string, process: Running, { order, load, upstream }: Stand): Promise<Sample> => {
  await opened(load, order)
  const cpuBefore = cpuMicroseconds(process.pid)
  const callsBefore = (await upstream.ask('count')) as { count: number }
  const startedAt = performance.now()
  const [report] = (await once(load.child, 'message')) as [LoadReport]
  const seconds = (performance.now() - startedAt) / 1_000
  const cpuAfter = cpuMicroseconds(process.pid)
  const callsAfter = (await upstream.ask('count')) as { count: number }
  if (report.kind !== 'closed') throw wrong(contestant, report)
  const { requests, p50Ms, p99Ms } = report
  return {
    contestant,
    cpuMicroseconds: cpuBefore === undefined || cpuAfter === undefined ? undefined : (cpuAfter - cpuBefore) / requests,
    requestsPerSecond: requests / seconds,
    p50Ms,
    p99Ms,
    upstreamCalls: (callsAfter.count - callsBefore.count) / requests,
    peakMiB: residentMiB(process.pid),
  }
}

const opened = async (load: Running, order: LoadOrder): Promise<void> => {
  const report = (await load.ask(order)) as LoadReport
  if (report.kind !== 'opened') throw wrong('The contestant', report)
}

const wrong = (contestant: string, report: LoadReport): Error =>
  new Error(`${contestant} failed under load: ${report.kind === 'failed' ? report.why : report.kind}`)
