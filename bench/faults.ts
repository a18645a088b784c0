import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { numbers, ordersOf, productOf, slowMs, userOf } from './data.ts'
import type { LoadOrder, LoadReport } from './load.ts'
import { answersOf } from './measure.ts'
import { type Running, start } from './processes.ts'
import { median } from './report.ts'
import type { WorkloadRequest } from './workloads.ts'

/**
 * `node bench/faults.ts [--rounds n] [--seconds n]`: a home screen of five services, of which one takes 100 ms and one
 * fails. Beside it the slow call by itself, straight at the service, in the same run, both warm: what the gateway adds to the
 * slowest call it needs. Every answer is compared with the right one, the mark of the failed part included.
 */
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, seconds: { type: 'string', default: '4' } },
})
const connections = 16
/** Clients come when they come, not in step. */
const pauseMs = 50
/** A gateway that has served for a while. */
const warmUp = { connections: 64, pauseMs: 0, warmupRequests: 5_000, windowMs: 100 }
const slowCall: readonly WorkloadRequest[] = numbers.map((number) => ({
  method: 'GET',
  path: `/slow/users/${number}`,
  answer: userOf(number),
}))
const screen: readonly WorkloadRequest[] = numbers.map((number) => ({
  method: 'GET',
  path: `/app/screen?user=${number}`,
  answer: {
    user: { name: userOf(number).name },
    orders: ordersOf(number).map(({ id, items }) => ({
      id,
      items: items.map(({ quantity, productId }) => ({
        quantity,
        product: { name: productOf(productId).name, stock: { left: Number(productId.slice(1)) } },
      })),
    })),
    offers: null,
    _errors: [{ path: ['offers'], code: 'UNAVAILABLE', service: 'offers' }],
  },
}))

const upstream = await start({ script: './upstream.ts', core: 1 })
const load = await start({ script: './load.ts', core: 1 })
const env = { UPSTREAM: `http://127.0.0.1:${upstream.port}` }
const gateway = await start({ script: './contestants/portico.ts', args: ['screen'], core: 0, env })
const contestants: readonly (readonly [name: string, process: Running, requests: readonly WorkloadRequest[]])[] = [
  ['the slow call by itself', upstream, slowCall],
  ['Portico, five services', gateway, screen],
]
/** Puts a contestant under load, and waits for the end of its window. */
const underLoad = async (order: LoadOrder): Promise<{ p50Ms: number; p99Ms: number; calls: number }> => {
  await load.ask(order)
  const before = (await upstream.ask('count')) as { count: number }
  const [report] = (await once(load.child, 'message')) as [LoadReport]
  const after = (await upstream.ask('count')) as { count: number }
  if (report.kind !== 'closed') throw new Error(`The load failed: ${JSON.stringify(report)}`)
  return { ...report, calls: (after.count - before.count) / report.requests }
}

try {
  const rows = contestants.map(([name]) => ({ name, p50: [] as number[], p99: [] as number[], calls: [] as number[] }))
  const course = { pauseMs, connections, warmupMs: 500, warmupRequests: 0, windowMs: Number(values.seconds) * 1_000 }
  const runs = await Promise.all(
    contestants.map(async ([, { port }, asked]) => ({ port, requests: await answersOf({ requests: asked }, port) })),
  )
  for (const run of runs) await underLoad({ ...course, ...run, ...warmUp })
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [index, run] of runs.entries()) {
      const { p50Ms, p99Ms, calls } = await underLoad({ ...course, ...run })
      rows[index]?.p50.push(p50Ms)
      rows[index]?.p99.push(p99Ms)
      rows[index]?.calls.push(calls)
    }
  }
  const peer = median(rows[0]?.p99 ?? [])
  process.stdout.write(
    `The slow service takes ${slowMs} ms; ${connections} clients, each asking again within ${pauseMs} ms.\n\n`,
  )
  process.stdout.write(
    '| | p50 ms | p99 ms | p99 × the slow call’s | upstream calls/request |\n|---|--:|--:|--:|--:|\n',
  )
  for (const { name, p50, p99, calls } of rows) {
    const figures = [median(p50).toFixed(1), median(p99).toFixed(1), (median(p99) / peer).toFixed(3)]
    process.stdout.write(`| ${name} | ${figures.join(' | ')} | ${median(calls).toFixed(2)} |\n`)
  }
} finally {
  await Promise.all([gateway, upstream, load].map((one) => one.stop()))
}
