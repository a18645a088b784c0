import { once } from 'node:events'
import { parseArgs } from 'node:util'
import type { LoadReport } from './load.ts'
import { answersOf } from './measure.ts'
import { residentMiB, start } from './processes.ts'
import { median } from './report.ts'
import { workloads } from './workloads.ts'

/**
 * `node bench/memory.ts [workload] [--requests n]`: whether the gateway's memory stays flat under many requests.
 * Samples are taken after a forced collection, so that what is left is what is held. It says so and fails nothing.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { requests: { type: 'string', default: '200000' } },
})
const name = positionals[0]?.toUpperCase() ?? 'W3'
const workload = workloads.find((one) => one.name === name)
const contestant = workload?.contestants.find((one) => one.name === 'Portico')
if (workload === undefined || contestant === undefined) throw new Error(`There is no workload ${name}.`)

const upstream = await start({ script: workload.upstream ?? './upstream.ts', core: 1 })
const load = await start({ script: './load.ts', core: 1 })
const gateway = await start({
  ...contestant,
  core: 0,
  execArgv: ['--expose-gc'],
  env: { UPSTREAM: `http://127.0.0.1:${upstream.port}`, UPSTREAM_ADDRESS: `127.0.0.1:${upstream.port}` },
})
try {
  const requests = await answersOf(workload, gateway.port)
  const wanted = Number(values.requests)
  process.stdout.write('| requests | heap used MiB | external MiB | resident MiB |\n|--:|--:|--:|--:|\n')
  const heaps: number[] = []
  for (let done = 0; done < wanted; ) {
    await load.ask({ port: gateway.port, connections: 64, warmupMs: 0, warmupRequests: 0, windowMs: 2_000, requests })
    const [report] = (await once(load.child, 'message')) as [LoadReport]
    if (report.kind !== 'closed') throw new Error(`The load failed: ${JSON.stringify(report)}`)
    done += report.requests
    const { heapUsed, external } = (await gateway.ask('memory')) as NodeJS.MemoryUsage
    heaps.push(heapUsed)
    const resident = residentMiB(gateway.pid, 'VmRSS')?.toFixed(0) ?? '–'
    process.stdout.write(`| ${done} | ${mebibytes(heapUsed)} | ${mebibytes(external)} | ${resident} |\n`)
  }
  const third = Math.ceil(heaps.length / 3)
  // The first third warms code and caches; after that, what is held must not grow with the requests.
  const growth = median(heaps.slice(-third)) - median(heaps.slice(third, 2 * third))
  process.stdout.write(`\nHeap, last third against the middle one: ${mebibytes(growth)} MiB; `)
  process.stdout.write(growth < 1_048_576 ? 'flat.\n' : 'it grows.\n')
} finally {
  await Promise.all([upstream, load, gateway].map((one) => one.stop()))
}

function mebibytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1)
}
