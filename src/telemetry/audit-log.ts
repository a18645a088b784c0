import { close, constants, fstat, open, openSync, stat, write } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { logLineMasker } from '../kernel/mask/log-line.ts'
import type { Masker } from '../kernel/mask/masker.ts'
import { isStandardOutput } from '../kernel/standard-output.ts'
import { scrub } from './scrub.ts'

/** What happened. Shapes of version 1 only gain members; `docs/guides/securing/audit-log.md` has them all. */
export type AuditEvent =
  | 'authentication.failed'
  | 'access.denied'
  | 'limit.exceeded'
  | 'workspace.changed'
  | 'workspace.refused'
  | 'gateway.started'
  | 'gateway.stopped'
  | 'key.created'
  | 'key.rotated'
  | 'key.revoked'
  | 'audit.lost'

/** Facts are what JSON has words for; undefined ones are left out. Never a credential. */
type Facts = Readonly<Record<string, unknown>>

export type AuditLog = {
  /** Takes an event and returns: whoever tells it never waits for a disk. */
  readonly write: (event: AuditEvent, facts: Facts) => void
  /** Writes what is left, for so long as a process that ends may wait. */
  readonly close: () => Promise<void>
}

export type AuditLogTools = {
  /** Told of each event that is lost because too many wait. */
  readonly lost: () => void
  /** Told once when lines cannot be written, and once when they can again. */
  readonly warn: (message: string) => void
}

/** One event as a line of JSON. */
export const auditLine = (event: AuditEvent, facts: Facts): string =>
  scrub(`${JSON.stringify({ v: 1, time: new Date().toISOString(), event, pid: process.pid, ...facts })}\n`)

/** Characters that wait to be written at most; past them events are lost, counted, and the log says how many. */
const mostWaiting = 4_194_304
/** Characters of one write: a few of the lines that wait, whole, so that the lines of several processes do not mix. */
const mostAtOnce = 65_536
const tryAgainMs = 500
const goodbyeMs = 2_000

/** Appending, and without waiting for whoever reads a pipe: a write that would wait is made later instead. */
const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NONBLOCK

/** Only for this user: lines say who was kept out, and from where. */
const mode = 0o600

const standardOutput = 1

/** The file as the command line appends to it, at once and before anything is done that it is to tell of. Throws as Node does. */
export const openAuditFile = (path: string): number => openSync(path, flags, mode)

const [openFile, closeFile, writeFile, statFile, fstatFile] = [open, close, write, stat, fstat].map((call) =>
  promisify(call as (...given: unknown[]) => void),
) as unknown as [
  (path: string, flags: number, mode: number) => Promise<number>,
  (file: number) => Promise<void>,
  typeof write.__promisify__,
  typeof stat.__promisify__,
  typeof fstat.__promisify__,
]

/**
 * The audit log in a file, or on standard output. A file that was renamed or removed is opened anew under its name, so
 * that rotating it takes no signal; one that cannot be written, and a pipe that nobody reads, keep events waiting.
 */
export const createAuditLog = (path: string, tools: AuditLogTools): AuditLog => {
  const log = new Appending(path, tools)
  return { write: (event, facts) => log.add(auditLine(event, facts)), close: () => log.close() }
}

/** The same log, for a plan that masks what it tells. */
export const maskAudit = (log: AuditLog, masker: Masker): AuditLog => {
  const mask = logLineMasker(masker)
  return {
    ...log,
    write: (event, facts) => log.write(event, JSON.parse(mask(JSON.stringify(facts))) as typeof facts),
  }
}

class Appending {
  readonly #path: string
  readonly #tools: AuditLogTools
  #lines: string[] = []
  #waiting = 0
  #lost = 0
  /** What is being written, from where on. */
  #batch: { readonly bytes: Buffer; at: number } | undefined
  #file: number | undefined
  #working: Promise<void> | undefined
  #failing = false
  readonly #end = new AbortController()

  constructor(path: string, tools: AuditLogTools) {
    this.#path = path
    this.#tools = tools
  }

  add(line: string): void {
    if (this.#waiting + line.length > mostWaiting || this.#end.signal.aborted) {
      this.#lost += 1
      this.#tools.lost()
      return
    }
    this.#lines.push(line)
    this.#waiting += line.length
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
    })
  }

  async close(): Promise<void> {
    const patience = delay(goodbyeMs, undefined, { ref: false })
    await Promise.race([this.#working, patience])
    this.#end.abort()
    if (this.#file !== undefined && this.#file !== standardOutput) await Promise.race([closeFile(this.#file), patience])
  }

  async #work(): Promise<void> {
    while (this.#batch !== undefined || this.#lines.length > 0) {
      try {
        await this.#append((this.#batch ??= this.#next()))
        this.#batch = undefined
        if (this.#failing) this.#tools.warn('the audit log is written again')
        this.#failing = false
      } catch (error) {
        if (this.#end.signal.aborted) return
        if (!this.#failing && (error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          this.#failing = true
          this.#tools.warn(`the audit log cannot be written: ${(error as Error).message}`)
        }
        // No event tells that a disk has room again.
        await delay(tryAgainMs, undefined, { ref: false, signal: this.#end.signal }).catch(() => undefined)
      }
    }
  }

  #next(): { readonly bytes: Buffer; at: number } {
    let text = this.#lost === 0 ? '' : auditLine('audit.lost', { count: this.#lost })
    this.#lost = 0
    let count = 0
    do text += this.#lines[count++] as string
    while (count < this.#lines.length && text.length + (this.#lines[count] as string).length <= mostAtOnce)
    for (const line of this.#lines.splice(0, count)) this.#waiting -= line.length
    return { bytes: Buffer.from(text), at: 0 }
  }

  async #append(batch: { readonly bytes: Buffer; at: number }): Promise<void> {
    const file = await this.#opened(batch.at > 0)
    while (batch.at < batch.bytes.length) {
      const { bytesWritten } = await writeFile(file, batch.bytes, batch.at, batch.bytes.length - batch.at, null)
      batch.at += bytesWritten
    }
  }

  /** The file that has the name now; the one that had it while half a line is in it. */
  async #opened(begun: boolean): Promise<number> {
    if (isStandardOutput(this.#path)) return standardOutput
    if (this.#file !== undefined && (begun || (await this.#isNamed(this.#file)))) return this.#file
    const before = this.#file
    this.#file = undefined
    if (before !== undefined) await closeFile(before)
    return (this.#file = await openFile(this.#path, flags, mode))
  }

  async #isNamed(file: number): Promise<boolean> {
    const [mine, named] = await Promise.all([fstatFile(file), statFile(this.#path).catch(() => undefined)])
    return named !== undefined && named.ino === mine.ino && named.dev === mine.dev
  }
}
