import type { Logger } from 'pino'
import { statesTogether } from '../../services/states.ts'
import type { MetricsSnapshot } from '../../telemetry/metrics.ts'
import { countedOf, renderTogether } from '../../telemetry/together.ts'
import type { WorkspaceState } from '../gateway.ts'
import type { Readiness } from '../probes.ts'
import type { Answers, Opened } from './messages.ts'
import { WorkerProcess } from './process.ts'

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

export type CrewOptions = {
  readonly count: number
  readonly log: Logger
  readonly beatMs?: number | undefined
  /** What a worker starts with. */
  readonly state: () => WorkspaceState
  /** Told of a worker that serves in the place of one that died. */
  readonly joined: (worker: WorkerProcess) => void
}

/** The workers of a primary: as many as there should be, with another in the place of each that dies. */
export class Crew {
  readonly #options: CrewOptions
  readonly #workers = new Set<WorkerProcess>()
  readonly #pauses = new Set<NodeJS.Timeout>()
  readonly #lost = Promise.withResolvers<string>()
  #deaths = 0
  #closing = false
  /** What workers counted that are gone: counters never fall. */
  #gone: MetricsSnapshot = []

  constructor(options: CrewOptions) {
    this.#options = options
  }

  /** Resolves with what each serves; rejects with the reason where one does not start. */
  async start(): Promise<readonly Opened[]> {
    const { count, log } = this.#options
    const started = Array.from({ length: count }, () => this.#fork())
    const opened = await Promise.all(started.map((worker) => worker.opened))
    for (const worker of started) this.#watch(worker)
    log.info({ pids: started.map(({ pid }) => pid) }, 'workers have started')
    return opened
  }

  get serving(): readonly WorkerProcess[] {
    return [...this.#workers].filter(({ serving }) => serving)
  }

  /** Resolves with the reason when no worker can be kept alive. */
  get lost(): Promise<string> {
    return this.#lost.promise
  }

  async readiness(): Promise<Readiness> {
    if (this.#closing) return { ready: false, words: 'draining' }
    const { serving } = this
    const { count } = this.#options
    if (serving.length < count) return { ready: false, words: `${serving.length} of ${count} workers serve` }
    const stuck = serving.filter(({ unanswered }) => unanswered > 0)
    if (stuck.length > 0) return { ready: false, words: `${stuck.length} of ${count} workers do not answer` }
    const all = await Promise.all(serving.map((worker) => worker.ask('readiness', { withinMs: soonMs })))
    return all.find(({ ready }) => !ready) ?? all.find(({ words }) => words !== 'ok') ?? { ready: true, words: 'ok' }
  }

  async metrics(): ReturnType<typeof renderTogether> {
    const told = this.serving.map(async (worker) => {
      // Of one that does not answer what it told last: counters never fall.
      worker.metrics = await worker.ask('metrics', { withinMs: soonMs }).catch(() => worker.metrics)
      return worker.metrics
    })
    return renderTogether([this.#gone, ...(await Promise.all(told))])
  }

  /** Of those that answer. */
  async services(): Promise<Answers['services']> {
    const told = await Promise.allSettled(this.serving.map((worker) => worker.ask('services', { withinMs: soonMs })))
    return statesTogether(told.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])))
  }

  /** From now on it is not ready, and nobody is replaced. */
  dismiss(): void {
    this.#closing = true
    for (const pause of this.#pauses) clearTimeout(pause)
  }

  /** Has all drain; kills those that take longer. */
  async end(withinMs: number): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.end(withinMs)))
  }

  #fork(): WorkerProcess {
    const worker = new WorkerProcess(this.#options.state)
    this.#workers.add(worker)
    return worker
  }

  /**
   * Starts another in place of one that dies, after a pause that doubles while they die young. One that does not come
   * back to its event loop is killed: it would keep the connections it was handed, and get more.
   */
  #watch(worker: WorkerProcess): void {
    const { log, beatMs = defaultBeatMs } = this.#options
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
      if (!this.#closing) this.#replace(how, performance.now() - bornAt)
    })
  }

  #replace(how: string, livedMs: number): void {
    const { log, count, joined } = this.#options
    this.#deaths = livedMs > steadyMs ? 1 : this.#deaths + 1
    if (this.#deaths >= deathsToGiveUp * count && this.serving.length === 0) {
      this.#lost.resolve(how)
      return
    }
    const pauseMs = Math.min(firstPauseMs * 2 ** Math.floor((this.#deaths - 1) / count), longestPauseMs)
    log.error({ pauseMs }, `${how}; another is started`)
    const pause = setTimeout(() => {
      this.#pauses.delete(pause)
      const heir = this.#fork()
      heir.opened.then(
        () => {
          log.info({ worker: heir.pid, generation: heir.generation }, 'a worker is back')
          joined(heir)
        },
        (error: unknown) => log.error(`a worker does not start: ${(error as Error).message}`),
      )
      this.#watch(heir)
    }, pauseMs)
    this.#pauses.add(pause)
  }
}
