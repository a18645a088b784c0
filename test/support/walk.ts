import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'

/** A command of a page and what it prints, as a reader sees it in a terminal. */
export type Step = { readonly command: string; readonly output: string }

/** The steps of all `console` blocks of a page: lines after `$ ` are commands, the lines below what they print. */
export const stepsOf = (page: string): readonly Step[] =>
  [...page.matchAll(/^```console\n([^]*?)^```$/gm)].flatMap(([, text = '']) =>
    text
      .split(/^\$ /m)
      .slice(1)
      .map((step) => {
        const lines = step.split('\n')
        const end = lines.findIndex((line) => !line.endsWith('\\'))
        return {
          command: lines.slice(0, end + 1).join('\n'),
          output: lines
            .slice(end + 1)
            .join('\n')
            .trim(),
        }
      }),
  )

export type Surroundings = {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Ports of the page, each with the free one that stands for it. */
  readonly ports: Readonly<Record<string, number>>
}

/** Far longer than any step takes. */
const patienceMs = 20_000

/** Goes through the steps of a page in order. Servers run on while later steps are made, and end with the walk. */
export const walk = async (steps: readonly Step[], { cwd, env = {}, ports }: Surroundings): Promise<void> => {
  const servers: ChildProcess[] = []
  let prelude = ''
  const here = (text: string): string =>
    Object.entries(ports).reduce((all, [port, free]) => all.replaceAll(port, String(free)), text)
  const there = (text: string): string =>
    Object.entries(ports).reduce((all, [port, free]) => all.replaceAll(String(free), port), text)
  const shell = (command: string): ChildProcess =>
    spawn('bash', ['-c', `${prelude}${command} 2>&1`], {
      cwd,
      // A group of its own, so that a server ends with the shell around it.
      detached: true,
      env: { ...process.env, NO_COLOR: '1', ...env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  try {
    for (const { command, output } of steps) {
      if (/^\w+\(\)/.test(command)) {
        prelude += `${command}\n`
        continue
      }
      const child = shell(here(command))
      if (runsOn(command)) {
        servers.push(child)
        await says(child, { expected: output, there })
      } else assert.equal(agreed(there(await printed(child)), output), output, command)
    }
  } finally {
    await Promise.all(servers.map(stopped))
  }
}

/** Servers, which print and do not end. */
const runsOn = (command: string): boolean => /^(?:node main\.ts|portico (?:dev|start))/.test(command)

const printed = async (child: ChildProcess): Promise<string> => {
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (more: string) => (text += more))
  await once(child, 'close')
  return text.trim()
}

/** A line that is `…` stands for any lines: what was printed, with those that it stands for left out. */
const agreed = (actual: string, expected: string): string => {
  const pattern = expected
    .split('\n')
    .map((line) => (line.trim() === '…' ? '[^]*?' : line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('\n')
  return new RegExp(`^${pattern}$`).test(actual) ? expected : actual
}

type Awaited = { readonly expected: string; readonly there: (text: string) => string }

/** Waits until a server has printed what the page shows first. */
const says = (child: ChildProcess, { expected, there }: Awaited): Promise<void> =>
  new Promise((resolve, reject) => {
    let text = ''
    const first = expected.split('\n…')[0] ?? ''
    const fail = (): void => {
      clearTimeout(timer)
      reject(new Error(`It did not print\n${first}\nbut\n${there(text)}`))
    }
    const timer = setTimeout(fail, patienceMs)
    child.once('close', fail)
    child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      text += more
      if (!there(text).includes(first)) return
      clearTimeout(timer)
      child.off('close', fail)
      resolve()
    })
  })

const stopped = async (child: ChildProcess): Promise<void> => {
  if (child.pid === undefined || child.exitCode !== null) return
  const ended = once(child, 'close')
  process.kill(-child.pid, 'SIGTERM')
  await ended
}
