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
  /** Resolves with how it ended and its last errors, should it end without having been asked. */
  readonly died: Promise<string>
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
  const lastErrors = tail(child)
  const { address, control } = await readiness(name, child, lastErrors)
  let asked = false
  const died = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => {
      if (!asked) resolve(`${name} ended with ${signal ?? code}:\n${lastErrors()}`)
    })
  })
  return {
    name,
    address,
    controlUrl: control,
    pid: child.pid ?? 0,
    died,
    close() {
      asked = true
      return stop(child)
    },
  }
}

function tail({ stderr }: ChildProcess): () => string {
  let errors = ''
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-10_000)
  })
  return () => errors
}

async function readiness(
  name: string,
  child: ChildProcess,
  lastErrors: () => string,
): Promise<{ address: string; control: string }> {
  const { stdout } = child
  if (!stdout) throw new Error(`${name} was started without its output`)
  const ready = once(createInterface(stdout), 'line')
  const died = once(child, 'close').then(([code]) => {
    throw new Error(`${name} ended with ${code} before it was ready:\n${lastErrors()}`)
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
