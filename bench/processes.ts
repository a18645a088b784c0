import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/** A script under way on a core of its own, where the system can pin processes. */
export type Running = {
  readonly pid: number
  /** The port it said it listens on; 0 for one that serves nothing. */
  readonly port: number
  readonly child: ChildProcess
  /** Sends a message and gives the next one it answers with. */
  readonly ask: (message: unknown) => Promise<unknown>
  readonly stop: () => Promise<void>
}

export type StartOptions = {
  /** Relative to this folder. */
  readonly script: string
  readonly core: 0 | 1
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly execArgv?: readonly string[]
}

/**
 * Starts a script and waits for the `{ port }` it sends first, with the `pid` to measure where it only started a
 * program. Its standard output goes nowhere.
 */
export const start = async ({ script, core, args = [], env = {}, execArgv = [] }: StartOptions): Promise<Running> => {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const command = [...(pins() ? ['taskset', '-c', String(core)] : []), process.execPath, ...execArgv, file, ...args]
  const child = spawn(command[0] as string, command.slice(1), {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const early = exited.then(() => {
    throw new Error(`${script} ended before it was ready.`)
  })
  const [{ port, pid = child.pid }] = (await Promise.race([once(child, 'message'), early])) as [
    { port: number; pid?: number },
  ]
  early.catch(() => {})
  return {
    pid: pid as number,
    port,
    child,
    async ask(message) {
      const answer = once(child, 'message')
      child.send(message as object)
      return (await answer)[0]
    },
    async stop() {
      child.disconnect()
      await exited
    },
  }
}

/** Contestant on one core, all else on the other: only where there are two and util-linux. */
const pins = (): boolean => {
  if (availableParallelism() < 2) return false
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** CPU time a process and its descendants have used, in microseconds; undefined where there is no /proc. */
export const cpuMicroseconds = (pid: number): number | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field, the command, may hold spaces; utime and stime are fields 14 and 15 (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const own = (Number(fields[11]) + Number(fields[12])) * (1_000_000 / ticksPerSecond)
    return descendants(pid).reduce((sum, child) => sum + (cpuMicroseconds(child) ?? 0), own)
  } catch {
    return undefined
  }
}

/** Linux gives process times in ticks of 1/100 s whatever its own clock is. */
const ticksPerSecond = 100

const descendants = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

/** The most memory a process ever held, or holds now, in MiB; undefined where there is no /proc. */
export const residentMiB = (pid: number, which: 'VmHWM' | 'VmRSS' = 'VmHWM'): number | undefined => {
  try {
    const kib = new RegExp(`${which}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kib === undefined ? undefined : Number(kib) / 1_024
  } catch {
    return undefined
  }
}
