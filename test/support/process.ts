import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** Far longer than anything takes: a program that does not say what is awaited must not hold up all tests. */
const patienceMs = 60_000

export type Program = {
  readonly child: ChildProcess
  readonly out: () => string
  readonly err: () => string
  /** What it has written so far and will write, once that fits; rejects with all it wrote when it ends before, or does not. */
  readonly wrote: (form: RegExp) => Promise<RegExpExecArray>
  readonly ended: Promise<Ended>
}

export type Ended = {
  /** The exit status, or the signal that killed it. */
  readonly status: number | NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

export type ProgramOptions = {
  readonly env?: Readonly<Record<string, string>>
  /** Where the file lies and the program runs; the repository by default. */
  readonly root?: string
}

/** Runs a file as a program. */
export const runProgram = (
  file: string,
  args: readonly string[],
  { env, root = repository }: ProgramOptions = {},
): Program => {
  const child = spawn(process.execPath, [join(root, file), ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => ({
    status: (signal ?? code) as Ended['status'],
    out,
    err,
  }))
  return {
    child,
    out: () => out,
    err: () => err,
    ended,
    wrote: (form) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`It did not write ${form}:\n${out}\n${err}`)), patienceMs)
        const look = (): void => {
          const match = form.exec(out + err)
          if (match === null) return
          clearTimeout(timer)
          resolve(match)
        }
        child.stdout.on('data', look)
        child.stderr.on('data', look)
        void ended.then(() => {
          clearTimeout(timer)
          reject(new Error(`It ended without writing ${form}:\n${out}\n${err}`))
        })
        look()
      }),
  }
}

/** Runs `portico` until it ends, as a user does: what a command says by itself is asked of `portico` of command.ts. */
export const runPortico = (args: readonly string[], options?: ProgramOptions): Promise<Ended> =>
  runProgram('src/main.ts', args, options).ended
