import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** The reference workspace: the root of the repository. */
export const workspace = fileURLToPath(new URL('../../..', import.meta.url))
const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

const killAfterMs = 5_000
const askAgainMs = 50

export type GatewayProcess = {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string
  readonly probesUrl: string
  readonly pid: number
  /** Resolves with how it ended and what it said last, should it end without having been asked. */
  readonly died: Promise<string>
  readonly close: () => Promise<void>
}

export type GatewayStart = {
  readonly host: string
  readonly port: number
  readonly env: Readonly<Record<string, string>>
  /** Told of each line it logs. */
  readonly onLine: (line: string) => void
}

/** Runs `portico dev` on the reference workspace as a child process; resolves once it is ready, rejects with its words if it dies before. */
export const spawnGateway = async ({ host, port, env, onLine }: GatewayStart): Promise<GatewayProcess> => {
  const probes = await freePort()
  const child = spawn(process.execPath, [main, 'dev', workspace], {
    env: { ...process.env, ...env, PORTICO_LISTEN: `${host}:${port}`, PORTICO_PROBES: `127.0.0.1:${probes}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let asked = false
  const errors: string[] = []
  createInterface(child.stdout).on('line', onLine)
  createInterface(child.stderr).on('line', (line) => {
    errors.push(line)
    if (errors.length > 100) errors.shift()
  })
  const died = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => {
      if (!asked) resolve(`the gateway ended with ${signal ?? code}:\n${errors.join('\n')}`)
    })
  })
  const probesUrl = `http://127.0.0.1:${probes}`
  const why = await Promise.race([ready(`${probesUrl}/readyz`, child), died])
  if (why !== undefined) throw new Error(why)
  return {
    url: `http://${reachable(host)}:${port}`,
    probesUrl,
    pid: child.pid ?? 0,
    died,
    close() {
      asked = true
      return stop(child)
    },
  }
}

/** The port asked for where it is free, else one that is. */
export const freePort = async (wanted = 0, host = '127.0.0.1'): Promise<number> => {
  const server = createServer()
  try {
    server.listen(wanted, host)
    await once(server, 'listening')
  } catch (error) {
    if (wanted === 0) throw error
    return freePort(0, host)
  }
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : wanted
}

/** A child has no other event that says so: its readiness is what it answers. */
const ready = async (url: string, child: ChildProcess): Promise<undefined> => {
  while (child.exitCode === null && child.signalCode === null) {
    const answered = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
    if (answered) return undefined
    await delay(askAgainMs)
  }
  return new Promise(() => {})
}

const reachable = (host: string): string => {
  if (host === '0.0.0.0' || host === '::' || host === '[::]') return '127.0.0.1'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const killer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
  clearTimeout(killer)
}
