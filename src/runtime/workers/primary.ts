import cluster from 'node:cluster'
import type { Logger } from 'pino'
import { compileWorkspace } from '../../compile/compile.ts'
import type { Plan } from '../../compile/plan.ts'
import { type Diagnostic, formatDiagnostic } from '../../kernel/diagnostic.ts'
import { statesTogether } from '../../services/states.ts'
import type { MetricsSnapshot } from '../../telemetry/metrics.ts'
import { countedOf, renderTogether } from '../../telemetry/together.ts'
import { AuditTrail, type ReloadedBy } from '../audit-trail.ts'
import { type Gateway, type Reloaded, WorkspaceError } from '../gateway.ts'
import type { SidePort } from '../listener.ts'
import { openProbes, type Readiness } from '../probes.ts'
import type { Answers } from './messages.ts'
import { WorkerProcess } from './process.ts'

export type WorkersOptions = {
  readonly dir: string
  readonly count: number
  readonly log: Logger
  /** Between two questions whether a worker is there; one that leaves six without an answer is replaced. 5 s by default. */
  readonly beatMs?: number
}

/** A gateway of several workers, seen from the process that supervises them and has its side ports. */
export type Workers = Pick<
  Gateway,
  'listen' | 'probes' | 'plan' | 'diagnostics' | 'generation' | 'files' | 'reload' | 'close'
> & {
  /** Of all workers: loads added up, and of what each thinks for itself the worst. */
  readonly services: () => Promise<Answers['services']>
  /** Resolves with the reason when no worker can be kept alive. */
  readonly lost: Promise<string>
}

/** How long probes wait for a worker. */
const soonMs = 2_000
/** Between two questions whether a worker is there, and how many it may leave without an answer. */
const defaultBeatMs = 5_000
const mostUnanswered = 6
const firstPauseMs = 100
const longestPauseMs = 30_000
/** A worker that lived that long did not die of how it starts. */
const steadyMs = 60_000
/** Deaths in a row of each, with no worker serving, after which a further start is no hope. */
const deathsToGiveUp = 5

/**
 * Checks a workspace and serves it by several workers, which share its port. Rejects with WorkspaceError where it does
 * not check, and with the reason where a worker does not start. Workers run this program with its own arguments.
 */
export const startWorkers = async (options: WorkersOptions): Promise<Workers> => {
  const { plan, diagnostics } = await compileWorkspace(options.dir, process.env)
  if (plan === undefined) throw new WorkspaceError(diagnostics)
  // Metrics hold numbers that JSON has no word for.
  cluster.setupPrimary({ serialization: 'advanced' })
  const primary = new Primary(options, plan, diagnostics)
  await primary.open()
  return primary.face()
}

class Primary {
  readonly #options: WorkersOptions
  readonly #workers = new Set<WorkerProcess>()
  readonly #pauses = new Set<NodeJS.Timeout>()
  readonly #lost = Promise.withResolvers<string>()
  readonly #trail: AuditTrail
  #plan: Plan
  #diagnostics: readonly Diagnostic[]
  #opened: Answers['commit'] = { listen: { host: '', port: 0 }, files: [] }
  #probes: SidePort | undefined
  #generation = 1
  #deaths = 0
  #closing = false
  #reloading: Promise<unknown> = Promise.resolve()
  /** What workers counted that are gone: counters never fall. */
  #gone: MetricsSnapshot = []

  constructor(options: WorkersOptions, plan: Plan, diagnostics: readonly Diagnostic[]) {
    this.#options = options
    this.#trail = new AuditTrail({ log: options.log, lost: () => {} })
    this.#plan = plan
    this.#diagnostics = diagnostics
  }

  async open(): Promise<void> {
    const { count } = this.#options
    try {
      const started = Array.from({ length: count }, () => this.#fork())
      for (const opened of await Promise.all(started.map((worker) => worker.opened))) this.#opened = opened
      for (const worker of started) this.#watch(worker)
      this.#options.log.info({ pids: started.map(({ pid }) => pid) }, 'workers have started')
      this.#probes = await this.#openProbes(this.#plan)
      this.#trail.started({ listen: this.#opened.listen, plan: this.#plan })
    } catch (error) {
      await this.#close()
      throw error
    }
  }

  async #openProbes({ probes }: Plan): Promise<SidePort | undefined> {
    if (probes === undefined) return undefined
    return openProbes(probes, { readiness: () => this.#readiness(), metrics: { render: () => this.#metrics() } })
  }

  face(): Workers {
    const opened = (): Answers['commit'] => this.#opened
    const probes = (): SidePort['address'] | undefined => this.#probes?.address
    return {
      get listen() {
        return opened().listen
      },
      get probes() {
        return probes()
      },
      plan: () => this.#plan,
      diagnostics: () => this.#diagnostics,
      generation: () => this.#generation,
      files: () => this.#opened.files,
      services: () => this.#services(),
      reload: (by: ReloadedBy = { by: 'program' }) => {
        const next = this.#reloading.then(async () => {
          const reloaded = await this.#reload()
          this.#trail.reloaded(reloaded, this.#plan, by)
          return reloaded
        })
        this.#reloading = next.catch(() => {})
        return next
      },
      close: () => this.#close(),
      lost: this.#lost.promise,
    }
  }

  #fork(): WorkerProcess {
    const worker = new WorkerProcess()
    this.#workers.add(worker)
    return worker
  }

  #serving(): readonly WorkerProcess[] {
    return [...this.#workers].filter(({ serving }) => serving)
  }

  /**
   * Starts another in place of one that dies, after a pause that doubles while they die young. One that does not come
   * back to its event loop is killed: it would keep the connections it was handed, and get more.
   */
  #watch(worker: WorkerProcess): void {
    const { log, count, beatMs = defaultBeatMs } = this.#options
    worker.heed(beatMs, (unanswered) => {
      if (unanswered === 1) log.warn({ worker: worker.pid }, 'a worker does not answer')
      if (unanswered < mostUnanswered) return
      log.error({ worker: worker.pid }, 'a worker is stuck and is killed')
      worker.kill()
    })
    const bornAt = performance.now()
    void worker.ended.then((how) => {
      this.#workers.delete(worker)
      this.#gone = countedOf([this.#gone, worker.metrics])
      if (this.#closing) return
      this.#deaths = performance.now() - bornAt > steadyMs ? 1 : this.#deaths + 1
      if (this.#deaths >= deathsToGiveUp * count && this.#serving().length === 0) {
        this.#lost.resolve(how)
        return
      }
      const pauseMs = Math.min(firstPauseMs * 2 ** Math.floor((this.#deaths - 1) / count), longestPauseMs)
      log.error({ pauseMs }, `${how}; another is started`)
      const pause = setTimeout(() => {
        this.#pauses.delete(pause)
        const next = this.#fork()
        next.opened.then(
          () => log.info({ worker: next.pid }, 'a worker is back'),
          (error: unknown) => log.error(`a worker does not start: ${(error as Error).message}`),
        )
        this.#watch(next)
      }, pauseMs)
      this.#pauses.add(pause)
    })
  }

  /** Worker by worker each builds its next generation; all serve it once all have, or none does. */
  async #reload(): Promise<Reloaded> {
    const { dir, log } = this.#options
    const compiled = await compileWorkspace(dir, process.env)
    this.#opened = { ...this.#opened, files: [...new Set([...this.#opened.files, ...compiled.files])] }
    const { plan, diagnostics } = compiled
    const refused = (why?: string): Reloaded => {
      log.error(
        { generation: this.#generation, mistakes: diagnostics.map(formatDiagnostic) },
        `reload refused, ${why ?? 'the workspace has mistakes'}; the last good generation goes on`,
      )
      return { ok: false, diagnostics, generation: this.#generation, ...(why !== undefined && { why }) }
    }
    if (plan === undefined) return refused()
    const workers = this.#serving()
    const old = this.#probes
    let probes = old
    try {
      for (const worker of workers) {
        const { ok, why = 'the workspace has changed meanwhile' } = await worker.ask('prepare')
        if (!ok) throw new Error(why)
      }
      if (!same(plan.probes, this.#plan.probes)) probes = await this.#openProbes(plan)
    } catch (error) {
      await Promise.allSettled(workers.map((worker) => worker.ask('discard')))
      return refused((error as Error).message)
    }
    // One that dies now starts with the workspace as it is.
    for (const result of await Promise.allSettled(workers.map((worker) => worker.ask('commit'))))
      if (result.status === 'fulfilled') this.#opened = result.value
    this.#probes = probes
    if (old !== probes) await old?.close()
    this.#plan = plan
    this.#diagnostics = diagnostics
    this.#generation += 1
    log.info({ generation: this.#generation, workers: workers.length }, 'all workers have reloaded')
    return { ok: true, diagnostics, generation: this.#generation }
  }

  async #readiness(): Promise<Readiness> {
    if (this.#closing) return { ready: false, words: 'draining' }
    const serving = this.#serving()
    const { count } = this.#options
    if (serving.length < count) return { ready: false, words: `${serving.length} of ${count} workers serve` }
    const stuck = serving.filter(({ unanswered }) => unanswered > 0)
    if (stuck.length > 0) return { ready: false, words: `${stuck.length} of ${count} workers do not answer` }
    const all = await Promise.all(serving.map((worker) => worker.ask('readiness', soonMs)))
    return all.find(({ ready }) => !ready) ?? all.find(({ words }) => words !== 'ok') ?? { ready: true, words: 'ok' }
  }

  async #metrics(): ReturnType<typeof renderTogether> {
    const told = this.#serving().map(async (worker) => {
      // Of one that does not answer what it told last: counters never fall.
      worker.metrics = await worker.ask('metrics', soonMs).catch(() => worker.metrics)
      return worker.metrics
    })
    return renderTogether([this.#gone, ...(await Promise.all(told))])
  }

  /** Of those that answer. */
  async #services(): Promise<Answers['services']> {
    const told = await Promise.allSettled(this.#serving().map((worker) => worker.ask('services', soonMs)))
    return statesTogether(told.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])))
  }

  async #close(): Promise<void> {
    this.#closing = true
    for (const pause of this.#pauses) clearTimeout(pause)
    await this.#reloading
    await Promise.all([...this.#workers].map((worker) => worker.end(this.#plan.drainMs + goodbyeMs)))
    await this.#probes?.close()
    this.#trail.stopped()
    await this.#trail.close()
  }
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** What a worker needs beside draining to end. */
const goodbyeMs = 5_000
