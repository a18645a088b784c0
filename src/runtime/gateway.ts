import { isDeepStrictEqual } from 'node:util'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { type Compiled, compileWorkspace } from '../compile/compile.ts'
import type { Plan } from '../compile/plan.ts'
import type { HostPort } from '../config/scalars.ts'
import { type Clock, systemClock } from '../kernel/clock.ts'
import { type Diagnostic, formatDiagnostic, formatDiagnostics } from '../kernel/diagnostic.ts'
import { readingBy, type Snapshot } from '../kernel/snapshot.ts'
import { createResources } from '../services/resources.ts'
import type { ServiceState } from '../services/state.ts'
import { createLog, maskLog, onLostLine } from '../telemetry/log.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { AuditTrail } from './audit-trail.ts'
import { buildGeneration, type Generation, type ServiceHealth } from './generation.ts'
import { type Move, openPorts, type Ports } from './ports.ts'
import type { Readiness } from './probes.ts'
import { connectRedis } from './redis.ts'
import type { Prepared, Reloaded, ReloadedBy } from './reloaded.ts'
import { type ModuleTexts, resolverFiles } from './resolvers.ts'

export type GatewayOptions = {
  /** The workspace folder; the current one by default. */
  readonly dir?: string
  /** Variables for `${NAME}` in the workspace; the process' own by default. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Introspection, suggestions and GraphiQL. Off by default: production. */
  readonly development?: boolean
  readonly log?: Logger
  readonly clock?: Clock
  /** One of several workers: its primary answers probes for it. */
  readonly worker?: boolean
  /** Processes that share the port: each has its share of limits that are counted in memory. 1 by default. */
  readonly workers?: number
  /** What it starts with, where another process has read the workspace. */
  readonly state?: WorkspaceState
}

/** One state of a workspace, as it was read: what one generation is made from, in whichever process. */
export type WorkspaceState = {
  readonly generation: number
  readonly snapshot: Snapshot
  /** Resolver modules, where they have been loaded once; read from the workspace else. */
  readonly modules?: ModuleTexts
}

/** A running gateway. */
export type Gateway = {
  /** Where clients connect, with the port that was really opened. */
  readonly listen: HostPort
  readonly probes: HostPort | undefined
  readonly plan: () => Plan
  /** Doubts about the workspace as it is served: warnings. */
  readonly diagnostics: () => readonly Diagnostic[]
  /** What is known of each service now: its targets, its breaker, its retry budget. */
  readonly services: () => readonly ServiceState[]
  /** Counts generations from 1. */
  readonly generation: () => number
  /** Files whose change means another generation, relative to the workspace. */
  readonly files: () => readonly string[]
  /** Builds the next generation from the workspace as it is now and swaps it in; a broken workspace changes nothing. `by` is for the audit log. */
  readonly reload: (by?: ReloadedBy) => Promise<Reloaded>
  /** The first half of a reload: builds the next generation, of a given state or the workspace as it is now. It is to be committed or discarded before another is. */
  readonly prepare: (state?: WorkspaceState) => Promise<Prepared>
  readonly readiness: () => Readiness
  readonly metrics: Pick<Metrics, 'snapshot'>
  /** Answers what it has begun, takes nothing new, and ends. */
  readonly close: () => Promise<void>
}

/** A workspace that does not check. `diagnostics` says all that is wrong with it. */
export class WorkspaceError extends Error {
  override readonly name = 'WorkspaceError'
  readonly diagnostics: readonly Diagnostic[]
  constructor(diagnostics: readonly Diagnostic[]) {
    super(formatDiagnostics(diagnostics))
    this.diagnostics = diagnostics
  }
}

/** Checks a workspace, opens its ports and serves it. Rejects with WorkspaceError when it does not check. */
export const createGateway = async (options: GatewayOptions = {}): Promise<Gateway> => {
  const { dir = '.', env = process.env, development = false, clock = systemClock } = options
  const { worker = false, workers = 1, state } = options
  const log = options.log ?? createLog({ level: 'info' })
  const first = await readingBy(state?.snapshot, () => compileWorkspace(dir, env))
  if (first.plan === undefined) throw new WorkspaceError(first.diagnostics)
  const process_ = new GatewayProcess({ dir, env, development, clock, worker, workers, log }, first)
  await process_.open(first.plan, state)
  return process_.face()
}

type Start = Required<Omit<GatewayOptions, 'state'>>

class GatewayProcess {
  private readonly start: Start
  private readonly resources = createResources()
  private readonly metrics = createMetrics()
  private readonly trail: AuditTrail
  /** Generations that serve no new requests, until they have ended. */
  private readonly draining = new Map<Generation, Promise<void>>()
  private generation!: Generation
  private files: readonly string[]
  private diagnostics: readonly Diagnostic[]
  private ports!: Ports
  private ready = false
  private openedAt = 0
  /** Whether all that it waits for at the start has served once, or was waited for long enough. */
  private begun = false
  private reloading: Promise<Reloaded> | undefined
  private closing: Promise<void> | undefined

  constructor(start: Start, { files, diagnostics }: Compiled) {
    this.start = start
    onLostLine(start.log, this.metrics.observeLogLost)
    this.trail = new AuditTrail({ log: start.log, lost: this.metrics.observeAuditLost })
    this.files = files
    this.diagnostics = diagnostics
  }

  async open(plan: Plan, state?: WorkspaceState): Promise<void> {
    maskLog(this.start.log, plan.masks?.logs)
    this.generation = await this.build(state?.generation ?? 1, plan, state?.modules)
    try {
      this.ports = await openPorts(plan, {
        current: () => this.generation,
        readiness: () => this.readiness(),
        metrics: this.metrics,
        probed: !this.start.worker,
      })
    } catch (error) {
      await this.resources.closeAll()
      throw error
    }
    this.ready = true
    this.openedAt = this.start.clock.now()
    this.metrics.observeHealth(() => this.generation.health())
    this.metrics.observeServices(() => this.generation.services())
    this.metrics.observeReload('success', this.generation.id)
    if (!this.start.worker) this.trail.started({ listen: this.ports.listener.address, plan })
  }

  face(): Gateway {
    const ports = (): Ports => this.ports
    return {
      get listen() {
        return ports().listener.address
      },
      get probes() {
        return ports().probes?.address
      },
      plan: () => this.generation.plan,
      diagnostics: () => this.diagnostics,
      services: () => this.generation.services(),
      generation: () => this.generation.id,
      files: () => [...new Set([...this.files, ...resolverFiles(this.generation.plan)])],
      reload: (by) => this.reload(by),
      prepare: (state) => this.prepare(state),
      readiness: () => this.readiness(),
      metrics: this.metrics,
      close: () => (this.closing ??= this.close()),
    }
  }

  private async build(id: number, plan: Plan, modules?: ModuleTexts): Promise<Generation> {
    const { clock, log, development, workers } = this.start
    const redis = this.redisOf(plan.redis)
    return buildGeneration(id, plan, {
      clock,
      log,
      metrics: this.metrics,
      resources: this.resources,
      redis,
      development,
      auditLog: this.trail.of(plan),
      workers,
      modules,
    })
  }

  /** One client for each URL; the old one goes with the process, so that a draining generation keeps its limits. */
  private redisOf(url: string | undefined): Redis | undefined {
    if (url === undefined) return undefined
    const { log } = this.start
    return this.resources.acquire(
      `redis ${url}`,
      () => connectRedis(url, log),
      (redis) => redis.disconnect(),
    ).value
  }

  /** Reloads one after another: a request for one while another runs is served by a further one. */
  private reload(by: ReloadedBy = { by: 'program' }): Promise<Reloaded> {
    const before = this.reloading ?? Promise.resolve()
    const next = before.catch(() => {}).then(() => this.reloadNow(by))
    this.reloading = next
    return next
  }

  private async reloadNow(by: ReloadedBy): Promise<Reloaded> {
    const reloaded = (await this.prepare()).commit()
    this.trail.reloaded(reloaded, this.generation.plan, by)
    return reloaded
  }

  private async prepare(state?: WorkspaceState): Promise<Prepared> {
    const { dir, env } = this.start
    if (this.closing !== undefined) return this.refused([], 'the gateway is going away')
    const compiled = await readingBy(state?.snapshot, () => compileWorkspace(dir, env))
    const { plan, diagnostics } = compiled
    this.files = [...new Set([...this.files, ...compiled.files])]
    if (plan === undefined) return this.refused(diagnostics, undefined)
    const old = this.generation
    let next: Generation | undefined
    try {
      next = await this.build(state?.generation ?? old.id + 1, plan, state?.modules)
      const move = await this.ports.move(old.plan, plan)
      const built = next
      return {
        ok: true,
        diagnostics,
        generation: old.id,
        commit: () => this.commit(built, { compiled, move }),
        discard: async () => {
          await Promise.all([move.discard(), built.drain(0)])
        },
      }
    } catch (err) {
      await next?.drain(0)
      return this.refused(diagnostics, (err as Error).message)
    }
  }

  private commit(next: Generation, { compiled, move }: { readonly compiled: Compiled; readonly move: Move }): Reloaded {
    const { log } = this.start
    const old = this.generation
    this.generation = next
    this.ports = move.ports
    this.files = compiled.files
    this.diagnostics = compiled.diagnostics
    maskLog(log, next.plan.masks?.logs)
    this.metrics.observeReload('success', next.id)
    log.info({ generation: next.id }, 'reloaded')
    const { drainMs } = old.plan
    // Requests are judged anew by their connections; streams and sockets ask for nothing more, and would stay.
    if (!isDeepStrictEqual(old.plan.tls?.clients, next.plan.tls?.clients))
      for (const one of [old, ...this.draining.keys()]) one.dismiss()
    const drained = Promise.all([old.drain(drainMs), move.leave(drainMs)]).then(
      () => {},
      (err: unknown) => log.error({ err, generation: old.id }, 'draining failed'),
    )
    this.draining.set(old, drained)
    void drained.finally(() => this.draining.delete(old))
    return { ok: true, diagnostics: compiled.diagnostics, generation: next.id }
  }

  /** Nothing changes; `why` where the workspace itself checks. */
  private refused(diagnostics: readonly Diagnostic[], why: string | undefined): Prepared {
    const { id } = this.generation
    this.start.log.error(
      { generation: id, mistakes: diagnostics.map(formatDiagnostic) },
      `reload refused, ${why ?? 'the workspace has mistakes'}; the last good generation goes on`,
    )
    this.metrics.observeReload('failure', id)
    const reloaded = { ok: false, diagnostics, generation: id, ...(why !== undefined && { why }) }
    return { ...reloaded, commit: () => reloaded, discard: async () => {} }
  }

  /**
   * A process that starts waits for the services whose health is watched, so that a rollout does not outrun them. Later
   * one that fails is told and no more: all replicas see it fail, and to take them all out would end what still works.
   */
  private readiness(): Readiness {
    if (!this.ready) return { ready: false, words: 'draining' }
    const down = this.generation.health().filter(({ serving }) => serving !== true)
    this.begun ||= down.length === 0 || this.start.clock.now() >= this.openedAt + beginWithinMs
    const lacking = this.begun ? down.filter(({ required }) => required) : down
    if (lacking.length > 0) return { ready: false, words: `not serving: ${namesOf(lacking)}` }
    return { ready: true, words: down.length === 0 ? 'ok' : `ok, not serving: ${namesOf(down)}` }
  }

  private async close(): Promise<void> {
    this.ready = false
    const closed = this.ports.listener.close()
    await this.reloading?.catch(() => {})
    for (const one of [this.generation, ...this.draining.keys()]) one.dismiss()
    await Promise.all([this.generation.drain(this.generation.plan.drainMs), ...this.draining.values()])
    this.ports.listener.cut()
    await closed
    await Promise.all([this.ports.probes?.close(), this.ports.redirect?.close()])
    await this.resources.closeAll()
    if (!this.start.worker) this.trail.stopped()
    await this.trail.close()
  }
}

/** How long a process that starts waits for services whose health is watched. */
const beginWithinMs = 10_000

const namesOf = (services: readonly ServiceHealth[]): string => services.map(({ name }) => name).join(', ')
