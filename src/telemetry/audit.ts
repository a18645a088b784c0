import type { Logger } from 'pino'
import type { Caller } from '../kernel/caller.ts'
import type { AuditLog } from './audit-log.ts'
import type { Metrics } from './metrics.ts'

/** A caller who showed nothing, or something that was refused. */
export type AuthFailure = {
  /** Where it knocked: `bffs.web`, `routes./users/*`. */
  readonly scope: string
  /** The providers that were asked, as `auth` lists them. */
  readonly provider: string
  /** One of a closed set of words, such as `expired`; `missing` where nothing was shown. */
  readonly reason: string
  readonly address: string
  readonly requestId: string
}

/** A caller whose proof ended while a connection of it was open. */
export const expiryOf = (scope: string, { identity, address, requestId }: Caller): AuthFailure => ({
  scope,
  provider: identity?.provider ?? '',
  reason: 'expired',
  address,
  requestId,
})

/** A caller who is known and may not. */
export type AuthDenial = AuthFailure & {
  readonly subject: string | undefined
  /** What it asked for: a field, a type, or `schema` for what holds for root fields. */
  readonly coordinate?: string | undefined
  /** What would have been needed. Never told to the caller. */
  readonly needed?: Readonly<Record<string, unknown>>
}

/** A caller past a limit. */
export type LimitExceeded = Pick<AuthDenial, 'scope' | 'address' | 'requestId' | 'subject'> & {
  /** By its name. */
  readonly limit: string
}

/** Told of every decision on who may come in. Each decision is told once; what is told holds no credential. */
export type Audit = {
  /** On the way of every request: it takes words, and makes nothing. */
  readonly granted: (scope: string, provider: string) => void
  readonly failed: (failure: AuthFailure) => void
  readonly denied: (denial: AuthDenial) => void
  readonly limited: (exceeded: LimitExceeded) => void
}

/** Counts all decisions and tells those that kept somebody out: to the audit log where there is one, else to the log. */
export const createAudit = (
  log: Logger,
  {
    observeGranted,
    observeAuth,
    observeRateLimited,
  }: Pick<Metrics, 'observeAuth' | 'observeGranted' | 'observeRateLimited'>,
  auditLog?: Pick<AuditLog, 'write'>,
): Audit => ({
  granted: observeGranted,
  failed(failure) {
    observeAuth('failed', failure.scope, failure)
    if (auditLog === undefined) log.info({ audit: 'failed', ...failure }, 'authentication failed')
    else auditLog.write('authentication.failed', failure)
  },
  denied(denial) {
    observeAuth('denied', denial.scope, denial)
    if (auditLog === undefined) log.info({ audit: 'denied', ...denial }, 'access denied')
    else auditLog.write('access.denied', denial)
  },
  limited(exceeded) {
    observeRateLimited(exceeded.scope, exceeded.limit)
    auditLog?.write('limit.exceeded', exceeded)
  },
})
