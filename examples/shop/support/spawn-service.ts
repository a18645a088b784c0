import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const killAfterMs = 2_000

export interface SpawnedService {
  readonly name: string
  readonly address: string
  readonly controlUrl: string
  readonly pid: number
  close(): Promise<void>
}

/** Runs examples/shop/<name>/main.ts as a child process; resolves once it is ready, rejects with its stderr if it dies before. */
export async function spawnService(name: string, env: Readonly<Record<string, string>>): Promise<SpawnedService> {
  const main = fileURLToPath(new URL(`../${name}/main.ts`, import.meta.url))
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, ...env },
    // Over the channel a child notices that its parent is gone.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const { address, control } = await readiness(name, child)
  return { name, address, controlUrl: control, pid: child.pid ?? 0, close: () => stop(child) }
}

async function readiness(name: string, child: ChildProcess): Promise<{ address: string; control: string }> {
  const { stdout, stderr } = child
  if (!stdout || !stderr) throw new Error(`${name} was started without its output`)
  let errors = ''
  stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-10_000)
  })
  const ready = once(createInterface(stdout), 'line')
  const died = once(child, 'close').then(([code]) => {
    throw new Error(`${name} ended with ${code} before it was ready:\n${errors}`)
  })
  // Once the service is ready, its end is no longer a failure to start.
  died.catch(() => {})
  const [line] = await Promise.race([ready, died])
  return JSON.parse(line)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const killer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
  clearTimeout(killer)
}
