import type { Diagnostic } from '../kernel/diagnostic.ts'

/** What came of a reload. */
export type Reloaded = {
  readonly ok: boolean
  readonly diagnostics: readonly Diagnostic[]
  /** The one that serves now. */
  readonly generation: number
  /** Why a workspace that checks is not served: a module that does not load, a port that is taken. */
  readonly why?: string
}

/** A generation that is built and gets no request yet, or why there is none. */
export type Prepared = Reloaded & {
  /** Lets it serve, and drains the one before. Does nothing where there is none. */
  readonly commit: () => Reloaded
  readonly discard: () => Promise<void>
}

/** Who had a workspace read anew, and from where. */
export type ReloadedBy = {
  /** `signal`: SIGHUP; `file`: a file of it changed; `admin`: the admin port; `program`: who embeds the gateway. */
  readonly by: 'signal' | 'file' | 'admin' | 'program'
  readonly address?: string | undefined
}
