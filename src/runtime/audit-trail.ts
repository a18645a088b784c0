import type { Logger } from 'pino'
import type { Plan } from '../compile/plan.ts'
import type { HostPort } from '../config/scalars.ts'
import { authorityOf } from '../kernel/authority.ts'
import { type AuditLog, createAuditLog, maskAudit } from '../telemetry/audit-log.ts'
import type { Reloaded, ReloadedBy } from './reloaded.ts'

/** What becomes of a gateway, in the audit log that its plan names. It outlives generations, and moves with the plan. */
export class AuditTrail {
  readonly #tools: { readonly log: Logger; readonly lost: () => void }
  /** By path: a generation that drains goes on with the one it knows. */
  readonly #logs = new Map<string, AuditLog>()
  #current: { readonly path: string | undefined; readonly log: AuditLog } | undefined

  constructor(tools: { readonly log: Logger; readonly lost: () => void }) {
    this.#tools = tools
  }

  /** Where a generation of the plan tells of its callers; undefined where nothing is kept. */
  of({ audit, masks }: Pick<Plan, 'audit' | 'masks'>): AuditLog | undefined {
    if (audit === undefined) return undefined
    const { log, lost } = this.#tools
    let auditLog = this.#logs.get(audit)
    if (auditLog === undefined)
      this.#logs.set(audit, (auditLog = createAuditLog(audit, { lost, warn: (message) => log.error(message) })))
    return masks?.audit === undefined ? auditLog : maskAudit(auditLog, masks.audit)
  }

  /** What a plan says of it, from now on. */
  #follow(plan: Plan): void {
    const log = this.of(plan)
    this.#current = log && { path: plan.audit, log }
  }

  started({ listen, plan }: { readonly listen: HostPort; readonly plan: Plan }): void {
    this.#follow(plan)
    this.#current?.log.write('gateway.started', { generation: 1, listen: authorityOf(listen.host, listen.port) })
  }

  /** Tells where it was kept until now and, where a reload moved it, where it is from now on. */
  reloaded({ ok, generation, diagnostics, why }: Reloaded, plan: Plan, by: ReloadedBy): void {
    const mistakes = diagnostics.filter(({ severity }) => severity === 'error')
    const facts = ok
      ? { generation, ...by }
      : { generation, ...by, mistakes: mistakes.map(({ code, place }) => `${place.file}:${place.line} ${code}`), why }
    const event = ok ? 'workspace.changed' : 'workspace.refused'
    if (!ok || this.#current?.path !== plan.audit) this.#current?.log.write(event, facts)
    if (!ok) return
    this.#follow(plan)
    this.#current?.log.write(event, facts)
  }

  stopped(): void {
    this.#current?.log.write('gateway.stopped', {})
  }

  async close(): Promise<void> {
    await Promise.all([...this.#logs.values()].map((log) => log.close()))
  }
}
