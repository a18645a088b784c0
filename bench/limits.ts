import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { takeFromMemory } from '../src/policies/rate-limit/memory.ts'
import type { Rule, RuleKind } from '../src/policies/rate-limit/rule.ts'
import { CallerTable } from '../src/policies/rate-limit/table.ts'

/**
 * `node bench/limits.ts`: a million callers of one limit in memory, each kind in a process of its own: what they take
 * and what CPU time one request costs, the first of a caller and later ones. The goal is 200 MiB.
 */
const callers = 1_000_000
const kinds: readonly RuleKind[] = ['fixed', 'sliding', 'bucket']

const mebibytes = (bytes: number): string => (bytes / 1_048_576).toFixed(0)

const run = (kind: RuleKind): string => {
  const rule: Rule = { kind, limit: 600, windowMs: 3_600_000, endsIn: undefined }
  const table = new CallerTable(kind)
  const counter = { rule, share: rule, name: 'bench', table }
  const round = (now: number): number => {
    const before = process.cpuUsage()
    for (let caller = 0; caller < callers; caller += 1)
      takeFromMemory([{ counter, key: `user:shoppers:${caller}`, units: 1 }], now)
    const { user, system } = process.cpuUsage(before)
    return ((user + system) * 1_000) / callers
  }
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  const first = round(1_000_000)
  const later = round(1_000_001)
  globalThis.gc?.()
  const { rss, arrayBuffers } = process.memoryUsage()
  return `| ${kind} | ${table.size} | ${mebibytes(arrayBuffers)} | ${mebibytes(rss - before)} | ${first.toFixed(0)} | ${later.toFixed(0)} |\n`
}

const [kind] = process.argv.slice(2)
if (kind !== undefined) process.stdout.write(run(kind as RuleKind))
else {
  process.stdout.write('| kind | callers | tables MiB | RSS MiB | first ns | later ns |\n|---|--:|--:|--:|--:|--:|\n')
  for (const one of kinds)
    execFileSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), one], { stdio: 'inherit' })
}
