import type { Logger } from 'pino'
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

/** A caller who is known and may not. */
export type AuthDenial = AuthFailure & { readonly subject: string | undefined }

/** Told of every decision on who may come in. Each decision is told once; what is told holds no credential. */
export type Audit = {
  /** On the way of every request: it takes words, and makes nothing. */
  readonly granted: (scope: string, provider: string) => void
  readonly failed: (failure: AuthFailure) => void
  readonly denied: (denial: AuthDenial) => void
}

/** Counts all decisions and logs those that kept somebody out. */
export const createAudit = (
  log: Logger,
  { observeGranted, observeAuth }: Pick<Metrics, 'observeAuth' | 'observeGranted'>,
): Audit => ({
  granted: observeGranted,
  failed(failure) {
    observeAuth('failed', failure.scope, failure)
    log.info({ audit: 'failed', ...failure }, 'authentication failed')
  },
  denied(denial) {
    observeAuth('denied', denial.scope, denial)
    log.info({ audit: 'denied', ...denial }, 'access denied')
  },
})
