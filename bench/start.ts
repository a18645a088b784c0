import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { makeKeys } from '../examples/shop/keys.ts'
import { residentMiB } from './processes.ts'
import { freePort } from './programs.ts'
import { median } from './report.ts'

/**
 * `node bench/start.ts`: how long the reference workspace takes from the start of the process until `/readyz` answers
 * 200, from source and, where it was built, from `dist`. Medians of five starts, taken in turn.
 */
const starts = 5
const root = fileURLToPath(new URL('..', import.meta.url))
const keys = await mkdtemp(join(tmpdir(), 'portico-bench-'))
const entries = ['src/main.ts', 'dist/main.js']
const times = new Map<string, { milliseconds: number; resident: number }[]>()
try {
  await makeKeys(keys)
  for (let round = 0; round < starts; round += 1)
    for (const entry of entries)
      if (await exists(join(root, entry))) times.set(entry, [...(times.get(entry) ?? []), await startOnce(entry)])
} finally {
  await rm(keys, { recursive: true, force: true })
}
process.stdout.write('| | ready after ms | resident MiB |\n|---|--:|--:|\n')
for (const [entry, samples] of times) {
  const milliseconds = median(samples.map((sample) => sample.milliseconds)).toFixed(0)
  process.stdout.write(
    `| ${entry} | ${milliseconds} | ${median(samples.map(({ resident }) => resident)).toFixed(0)} |\n`,
  )
}

async function startOnce(entry: string): Promise<{ milliseconds: number; resident: number }> {
  const [listen, probes] = [await freePort(), await freePort()]
  const startedAt = performance.now()
  const child = spawn(process.execPath, [join(root, entry), 'start'], {
    cwd: root,
    env: {
      ...process.env,
      PORTICO_LISTEN: `127.0.0.1:${listen}`,
      PORTICO_PROBES: `127.0.0.1:${probes}`,
      SHOP_JWKS: join(keys, 'jwks.json'),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    while (!(await isReady(probes))) {
      if (child.exitCode !== null) throw new Error(`${entry} start ended with ${child.exitCode}.`)
      await pause(3)
    }
    return { milliseconds: performance.now() - startedAt, resident: residentMiB(child.pid as number, 'VmRSS') ?? 0 }
  } finally {
    if (child.exitCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok
  } catch {
    return false
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
