import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import type { LoadReport } from './load.ts'
import { answersOf } from './measure.ts'
import { type Running, residentMiB, start } from './processes.ts'
import { type Contestant, workloads } from './workloads.ts'

/**
 * `node bench/idle-clients.ts [--clients n]`: what connections cost that are kept and do nothing. Each has asked once
 * before; the contestant was under load before any of them. Heap and buffers after a forced collection.
 */
const { values } = parseArgs({ options: { clients: { type: 'string', default: '1000' } } })
const clients = Number(values.clients)
const workload = workloads.find(({ name }) => name === 'W1')
if (workload === undefined || !(clients > 0)) throw new Error('Usage: node bench/idle-clients.ts [--clients n]')
const contestants = workload.contestants.filter(({ name }) => name === 'Portico' || name === '@fastify/http-proxy')

const upstream = await start({ script: './upstream.ts', core: 1 })
const load = await start({ script: './load.ts', core: 1 })
process.stdout.write(
  `| ${clients} idle clients | resident before, MiB | with them | more | heap and buffers more, MiB |\n|---|--:|--:|--:|--:|\n`,
)
try {
  for (const contestant of contestants) await measure(contestant)
} finally {
  await Promise.all([upstream.stop(), load.stop()])
}

async function measure(contestant: Contestant): Promise<void> {
  const one = await start({
    ...contestant,
    core: 0,
    execArgv: ['--expose-gc'],
    env: { UPSTREAM: `http://127.0.0.1:${upstream.port}`, ...contestant.env },
  })
  const sockets: Socket[] = []
  try {
    const requests = await answersOf(workload as NonNullable<typeof workload>, one.port)
    const order = { port: one.port, connections: 64, warmupMs: 0, warmupRequests: 10_000, windowMs: 1_000, requests }
    await load.ask(order)
    const [report] = (await once(load.child, 'message')) as [LoadReport]
    if (report.kind !== 'closed') throw new Error(`The load failed: ${JSON.stringify(report)}`)
    const before = await held(one)
    for (let count = 0; count < clients; count += 1) sockets.push(await idle(one.port, requests[0]?.text ?? ''))
    const after = await held(one)
    const figures = [before.resident, after.resident, after.resident - before.resident, after.own - before.own]
    process.stdout.write(`| ${contestant.name} | ${figures.map((mebibytes) => mebibytes.toFixed(1)).join(' | ')} |\n`)
  } finally {
    for (const socket of sockets) socket.destroy()
    await one.stop()
  }
}

async function held(one: Running): Promise<{ readonly resident: number; readonly own: number }> {
  const { heapUsed, external } = (await one.ask('memory')) as NodeJS.MemoryUsage
  return { resident: residentMiB(one.pid, 'VmRSS') ?? Number.NaN, own: (heapUsed + external) / 1_048_576 }
}

/** A connection that has been answered once. */
async function idle(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text)
  await once(socket, 'data')
  return socket
}
