import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'

/**
 * `node test/run.ts` runs every test in parallel; `node test/run.ts unit` leaves out those that start a whole shop or
 * go through the pages of test/spec; other arguments are globs of test files.
 *
 * Test files run beside each other, on machines of any load. A file that fails is run once more by itself: what fails
 * again is broken, what passes then is told as unsteady, with its first failure. Many at once are not run again.
 */

/** Programs some tests start, each with the Debian package that brings it. */
const programs: Readonly<Record<string, string>> = {
  'redis-server': 'redis-server',
  openssl: 'openssl',
  chromium: 'chromium',
  dnsmasq: 'dnsmasq-base',
  jq: 'jq',
  nginx: 'nginx-light',
  haproxy: 'haproxy',
}

const slow = /^test\/(?:bff|cli|demo|examples|shop|spec)\//

const isThere = (program: string): boolean => spawnSync(program, ['--version']).error === undefined

/** Installs what it may, and says what is still missing. */
const provide = (): readonly string[] => {
  const absent = Object.keys(programs).filter((program) => !isThere(program))
  if (absent.length === 0 || process.getuid?.() !== 0 || !isThere('apt-get')) return absent
  const packages = absent.map((program) => programs[program] ?? program)
  for (const command of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const { status, stdout, stderr } = spawnSync('apt-get', command, {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    if (status !== 0) process.stdout.write(`apt-get ${command.join(' ')} failed:\n${stdout}${stderr}\n`)
  }
  return absent.filter((program) => !isThere(program))
}

const [, , ...asked] = process.argv
const unit = asked[0] === 'unit'
const globs = unit || asked.length === 0 ? ['test/**/*.test.ts'] : asked
const files = globSync(globs)
  .filter((file) => !unit || !slow.test(file))
  .sort()
  // The long ones first: whichever begins last is alone for as long as it takes.
  .sort((a, b) => Number(slow.test(b)) - Number(slow.test(a)))

// Each file is a process that reads hundreds of modules: half of its start is stripping types and compiling them.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '../node_modules/.cache/portico-tests')

const absent = provide()
process.env['PORTICO_MISSING'] = absent.join(',')

/** More files than these do not fail for want of a quiet machine. */
const mostUnsteady = 3

let column = 0

const write = (text: string): void => {
  process.stdout.write(column > 0 ? `\n${text}` : text)
  column = 0
}

type Outcome = {
  /** The files with a failed test. */
  readonly failed: ReadonlySet<string>
  /** Whether nothing failed, in whatever way. */
  readonly isSound: boolean
  readonly skipped: readonly string[]
  readonly summary: readonly string[]
}

/** Runs test files and prints a dot for each test that passed, the whole story for each that did not. */
const runFiles = (these: readonly string[], concurrency: number): Promise<Outcome> => {
  const failed = new Set<string>()
  const skipped: string[] = []
  const summary: string[] = []
  const names: string[] = []
  let isSound = true
  const tests = run({ files: [...these], concurrency, timeout: 120_000 })
  tests.on('test:start', ({ name, nesting }) => {
    names[nesting] = name
  })
  tests.on('test:pass', ({ name, nesting, skip, details }) => {
    if (typeof skip === 'string') skipped.push(`${[...names.slice(0, nesting), name].join(' > ')}: ${skip}`)
    if (details.type === 'suite') return
    process.stdout.write('.')
    column = column === 99 ? 0 : column + 1
    if (column === 0) process.stdout.write('\n')
  })
  tests.on('test:fail', ({ name, nesting, file, line, todo, details: { error } }) => {
    if (todo !== undefined && todo !== false) return
    // A file that does not end, or ends without a word, is a failed test by its name.
    if (these.includes(name)) failed.add(name)
    const { failureType } = error as { readonly failureType?: string }
    if (failureType === 'subtestsFailed') return
    const cause = error.cause ?? error
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause)
    write(
      `\n✖ ${[...names.slice(0, nesting), name].join(' > ')}\n  ${file}:${line}\n  ${text.replaceAll('\n', '\n  ')}\n`,
    )
  })
  // Where a test is written says nothing of which file ran it: contracts are run by many.
  tests.on('test:summary', ({ file, success }) => {
    if (file !== undefined && !success) failed.add(relative('.', file))
    isSound &&= success
  })
  tests.on('test:stderr', ({ message }) => write(message))
  tests.on('test:diagnostic', ({ nesting, message }) => {
    if (nesting === 0) summary.push(`# ${message}`)
  })
  tests.resume()
  return new Promise((resolve) => tests.once('end', () => resolve({ failed, isSound, skipped, summary })))
}

// One more than there are processors, for most tests also wait: for deadlines, processes and connections.
const { failed, isSound, skipped, summary } = await runFiles(files, availableParallelism() + 1)
write(`${summary.join('\n')}\n`)
let broken = !isSound || failed.size > 0
if (failed.size > 0 && failed.size <= mostUnsteady && files.length > failed.size) {
  write(`Once more, each by itself: ${[...failed].join(' ')}\n`)
  const again = await runFiles([...failed], 1)
  write(`${again.summary.join('\n')}\n`)
  broken = !again.isSound || again.failed.size > 0
  for (const file of failed)
    if (!again.failed.has(file)) write(`Unsteady: ${file} failed beside others and passed alone.\n`)
}
if (absent.length > 0) {
  const packages = absent.map((program) => programs[program] ?? program).join(' ')
  write(`Could not run, because ${absent.join(' and ')} could not be found (apt-get install -y ${packages}):\n`)
  for (const one of skipped) write(`  ${one}\n`)
  // Where a machine judges, what was not tested is not sound.
  if (process.env['CI'] === 'true') broken = true
}
process.exitCode = broken || files.length === 0 ? 1 : 0
