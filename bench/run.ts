import { parseArgs } from 'node:util'
import { measure } from './measure.ts'
import { isInstalled } from './programs.ts'
import { markdown, type Result, summarise } from './report.ts'
import { workloads } from './workloads.ts'

/**
 * `node bench/run.ts [workload…] [--seconds n] [--rounds n] [--connections n] [--json]`: the gateway beside the stock
 * Node peer of each workload, in one run. Compare ratios only, and only within one run: the figures belong to the machine.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    // Many short rounds: what else the machine does comes and goes by the second, and the median of the rounds forgets it.
    seconds: { type: 'string', default: '0.5' },
    rounds: { type: 'string', default: '21' },
    connections: { type: 'string', default: '64' },
    json: { type: 'boolean', default: false },
  },
})
const course = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  connections: Number(values.connections),
}
const unknown = positionals.filter((name) => !workloads.some((workload) => workload.name === name.toUpperCase()))
if (unknown.length > 0 || Object.values(course).some((value) => !(value > 0))) {
  process.stderr.write(
    `Usage: node bench/run.ts [${workloads.map(({ name }) => name).join('|')}…] [--seconds n] [--rounds n] [--connections n] [--json]\n`,
  )
  process.exit(2)
}
const chosen = workloads.filter(
  ({ name }) => positionals.length === 0 || positionals.some((given) => given.toUpperCase() === name),
)

const results: Result[] = []
for (const workload of chosen) {
  if (workload.needs !== undefined && !isInstalled(workload.needs)) {
    process.stderr.write(`${workload.name} is left out: it needs ${workload.needs} (Debian).\n`)
    continue
  }
  process.stderr.write(`${workload.name}: ${workload.title}\n`)
  const result = summarise(workload, await measure(workload, course))
  if (values.json) results.push(result)
  else process.stdout.write(`${markdown(result)}\n`)
}
if (values.json) process.stdout.write(`${JSON.stringify({ ...course, node: process.version, results })}\n`)
