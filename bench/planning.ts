import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compileWorkspace } from '../src/compile/compile.ts'
import { createOperationStore } from '../src/graph/operation.ts'
import { median } from './report.ts'

/**
 * `node bench/planning.ts`: what an operation of 200 fields in 60 steps costs when it is first seen, by a process that has
 * planned nothing yet, and what it costs the next time. Milliseconds in
 * eleven processes: the median, and the fastest, which other work on the machine disturbs least.
 */
type Times = { readonly read: number; readonly plan: number; readonly again: number }

const processes = 11
if (process.argv[2] === '--once') process.stdout.write(JSON.stringify(await once()))
else {
  const times = Array.from({ length: processes }, (): Times => {
    const file = fileURLToPath(import.meta.url)
    return JSON.parse(execFileSync(process.execPath, [file, '--once'], { encoding: 'utf8' })) as Times
  })
  const row = (name: string, pick: (one: Times) => number): string =>
    `| ${name} | ${median(times.map(pick)).toFixed(3)} | ${Math.min(...times.map(pick)).toFixed(3)} |\n`
  process.stdout.write('| | median ms | fastest ms |\n|---|--:|--:|\n')
  process.stdout.write(row('parsed and validated, cold', ({ read }) => read))
  process.stdout.write(row('planned, cold', ({ plan }) => plan))
  process.stdout.write(row('found and planned again', ({ again }) => again))
}

async function once(): Promise<Times> {
  const dir = fileURLToPath(new URL('./workspaces/screen', import.meta.url))
  const { plan: workspace } = await compileWorkspace(dir, { UPSTREAM: 'http://127.0.0.1:9' })
  const bff = workspace?.bffs[0]?.served
  if (bff === undefined) throw new Error('The workspace does not check.')
  const limits = { ...bff.limits, aliases: 20, rootFields: 20, upstreamCalls: 100 }
  const store = createOperationStore({ graph: bff.graph, limits, introspection: false, suggestions: false })
  const source = operationOf(20)
  const startedAt = performance.now()
  const operation = store.find(source, undefined)
  if ('length' in operation) throw new Error(operation.map(({ message }) => message).join(' '))
  const readAt = performance.now()
  const { steps } = operation.plan({})
  const plannedAt = performance.now()
  if (steps.length !== 60) throw new Error(`The plan has ${steps.length} steps.`)
  const found = store.find(source, undefined)
  if (!('plan' in found)) throw new Error('It is not known again.')
  found.plan({})
  return { read: readAt - startedAt, plan: plannedAt - readAt, again: performance.now() - plannedAt }
}

/** Ten fields for each of so many users. */
function operationOf(users: number): string {
  const fields = Array.from(
    { length: users },
    (_, index) =>
      `o${index}: orders(userId: "${index}") { id items { quantity product { id name stock { id left } } } }`,
  )
  return `{ ${fields.join(' ')} }`
}
