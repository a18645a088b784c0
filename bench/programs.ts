import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** Programs that are no part of the project: what is measured beside them is left out where they are not installed. */
export type ProgramName = 'nginx' | 'haproxy' | 'caddy'

export const isInstalled = (name: ProgramName): boolean => {
  try {
    execFileSync(name, [name === 'caddy' ? 'version' : '-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Where a program may write, and the port it is to listen on. */
export type Ground = { readonly dir: string; readonly port: number }

/**
 * Runs a program as long as this process: on a port of its own in a folder of its own, one process and one thread, as
 * every contestant. Resolves when it listens.
 */
export const runProgram = async (
  name: ProgramName,
  argsFor: (ground: Ground) => readonly string[],
): Promise<{ readonly pid: number; readonly port: number }> => {
  const ground = { dir: mkdtempSync(join(tmpdir(), 'portico-bench-')), port: await freePort() }
  const child = spawn(name, argsFor(ground), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: ground.dir, XDG_CONFIG_HOME: ground.dir, XDG_DATA_HOME: ground.dir },
  })
  const end = (): void => {
    child.kill('SIGKILL')
    rmSync(ground.dir, { recursive: true, force: true })
  }
  process.on('exit', end)
  process.on('disconnect', () => process.exit())
  await listening(name, child, ground.port)
  return { pid: child.pid as number, port: ground.port }
}

const listening = async (name: string, child: ChildProcess, port: number): Promise<void> => {
  let said = ''
  child.stderr?.on('data', (chunk) => {
    // Caddy goes on talking.
    if (said.length < 4_096) said += String(chunk)
  })
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`${name} ended: ${said}`)
    await pause(20)
  }
}

const listens = async (port: number): Promise<boolean> => {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** A port nobody listens on now. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
