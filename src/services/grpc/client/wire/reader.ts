import type { StreamHandler } from '../../../http2/stream.ts'

/** Reads what comes back on one stream. */
export type WireReader = StreamHandler & {
  /** Ends the call as nobody waits for it any more; nobody is told. */
  cancel(): void
}
