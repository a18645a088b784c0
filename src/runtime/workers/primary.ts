import cluster from 'node:cluster'
import type { Logger } from 'pino'
import { compileWorkspace } from '../../compile/compile.ts'
import type { Plan } from '../../compile/plan.ts'
import { type Diagnostic, formatDiagnostic } from '../../kernel/diagnostic.ts'
import { readingBy, type Snapshot } from '../../kernel/snapshot.ts'
import { maskLog } from '../../telemetry/log.ts'
import { AuditTrail } from '../audit-trail.ts'
import { type Gateway, WorkspaceError, type WorkspaceState } from '../gateway.ts'
import type { SidePort } from '../listener.ts'
import { openProbes } from '../probes.ts'
import type { Reloaded, ReloadedBy } from '../reloaded.ts'
import { Crew } from './crew.ts'
import type { Answers, Opened } from './messages.ts'
import type { WorkerProcess } from './process.ts'

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

/**
 * Checks a workspace and serves it by several workers, which share its port. Rejects with WorkspaceError where it does
 * not check, and with the reason where a worker does not start. Workers run this program with its own arguments.
 */
export const startWorkers = async (options: WorkersOptions): Promise<Workers> => {
  const { compiled, snapshot } = await readWorkspace(options.dir)
  const { plan, diagnostics } = compiled
  if (plan === undefined) throw new WorkspaceError(diagnostics)
  // Metrics hold numbers that JSON has no word for, and snapshots hold bytes.
  cluster.setupPrimary({ serialization: 'advanced' })
  const primary = new Primary(options, { plan, diagnostics, snapshot })
  await primary.open()
  return primary.face()
}

const readWorkspace = async (dir: string) => {
  const snapshot: Snapshot = new Map()
  return { compiled: await readingBy(snapshot, () => compileWorkspace(dir, process.env)), snapshot }
}

type Start = {
  readonly plan: Plan
  readonly diagnostics: readonly Diagnostic[]
  readonly snapshot: Snapshot
}

class Primary {
  readonly #options: WorkersOptions
  readonly #crew: Crew
  readonly #trail: AuditTrail
  #plan: Plan
  #diagnostics: readonly Diagnostic[]
  /** What the workers serve: one that starts gets it as it was read, whatever has become of the files. */
  #state: WorkspaceState
  #listen = { host: '', port: 0 }
  #files: readonly string[] = []
  #probes: SidePort | undefined
  #reloading: Promise<unknown> = Promise.resolve()

  constructor(options: WorkersOptions, { plan, diagnostics, snapshot }: Start) {
    this.#options = options
    this.#trail = new AuditTrail({ log: options.log, lost: () => {} })
    this.#plan = plan
    this.#diagnostics = diagnostics
    this.#state = { generation: 1, snapshot }
    this.#crew = new Crew({
      ...options,
      state: () => this.#state,
      joined: (worker) => void this.#inTurn(() => this.#catchUp(worker)),
    })
    maskLog(options.log, plan.masks?.logs)
  }

  async open(): Promise<void> {
    try {
      this.#opened(await this.#crew.start(), this.#state)
      this.#probes = await this.#openProbes(this.#plan)
      this.#trail.started({ listen: this.#listen, plan: this.#plan })
    } catch (error) {
      await this.#close()
      throw error
    }
  }

  async #openProbes({ probes }: Plan): Promise<SidePort | undefined> {
    if (probes === undefined) return undefined
    const crew = this.#crew
    return openProbes(probes, { readiness: () => crew.readiness(), metrics: { render: () => crew.metrics() } })
  }

  face(): Workers {
    const listen = (): Workers['listen'] => this.#listen
    const probes = (): Workers['probes'] => this.#probes?.address
    return {
      get listen() {
        return listen()
      },
      get probes() {
        return probes()
      },
      plan: () => this.#plan,
      diagnostics: () => this.#diagnostics,
      generation: () => this.#state.generation,
      files: () => this.#files,
      services: () => this.#crew.services(),
      reload: (by: ReloadedBy = { by: 'program' }) =>
        this.#inTurn(async () => {
          const reloaded = await this.#reload()
          this.#trail.reloaded(reloaded, this.#plan, by)
          return reloaded
        }),
      close: () => this.#close(),
      lost: this.#crew.lost,
    }
  }

  /** One change of what workers serve at a time. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#reloading.then(change)
    this.#reloading = changed.catch(() => {})
    return changed
  }

  /** Worker by worker each builds its next generation; all serve it once all have, or none does. */
  async #reload(): Promise<Reloaded> {
    const { dir, log } = this.#options
    const { compiled, snapshot } = await readWorkspace(dir)
    this.#files = [...new Set([...this.#files, ...compiled.files])]
    const { plan, diagnostics } = compiled
    const { generation } = this.#state
    const refused = (why?: string): Reloaded => {
      log.error(
        { generation, mistakes: diagnostics.map(formatDiagnostic) },
        `reload refused, ${why ?? 'the workspace has mistakes'}; the last good generation goes on`,
      )
      return { ok: false, diagnostics, generation, ...(why !== undefined && { why }) }
    }
    if (plan === undefined) return refused()
    const state = { generation: generation + 1, snapshot }
    const workers = this.#crew.serving
    const old = this.#probes
    let probes = old
    try {
      for (const worker of workers) await prepare(worker, state)
      if (!same(plan.probes, this.#plan.probes)) probes = await this.#openProbes(plan)
    } catch (error) {
      await Promise.allSettled(workers.map((worker) => worker.ask('discard')))
      return refused((error as Error).message)
    }
    // One that dies now is replaced by one with the next generation.
    const committed = await Promise.allSettled(workers.map((worker) => worker.commit(state.generation)))
    this.#opened(
      committed.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
      state,
    )
    this.#probes = probes
    if (old !== probes) await old?.close()
    this.#plan = plan
    maskLog(log, plan.masks?.logs)
    this.#diagnostics = diagnostics
    log.info({ generation: state.generation, workers: workers.length }, 'all workers have reloaded')
    return { ok: true, diagnostics, generation: state.generation }
  }

  /** Resolver modules are read by the workers: what one of them has read belongs to the state. */
  #opened(opened: readonly Opened[], state: WorkspaceState): void {
    const [one] = opened
    this.#state = one === undefined ? state : { ...state, modules: one.modules }
    if (one === undefined) return
    this.#listen = one.listen
    this.#files = one.files
  }

  /** A worker that started while the others reloaded follows them. */
  async #catchUp(worker: WorkerProcess): Promise<void> {
    const { generation } = this.#state
    if (!worker.serving || worker.generation === generation) return
    try {
      await prepare(worker, this.#state)
      await worker.commit(generation)
    } catch (error) {
      this.#options.log.error({ worker: worker.pid }, `a worker does not follow: ${(error as Error).message}`)
      worker.kill()
    }
  }

  async #close(): Promise<void> {
    this.#crew.dismiss()
    await this.#reloading
    await this.#crew.end(this.#plan.drainMs + goodbyeMs)
    await this.#probes?.close()
    this.#trail.stopped()
    await this.#trail.close()
  }
}

/** Has a worker build a generation. Rejects with the reason where it cannot. */
const prepare = async (worker: WorkerProcess, state: WorkspaceState): Promise<void> => {
  const { ok, why = 'a worker reads the workspace otherwise' } = await worker.ask('prepare', { state })
  if (!ok) throw new Error(why)
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** What a worker needs beside draining to end. */
const goodbyeMs = 5_000
