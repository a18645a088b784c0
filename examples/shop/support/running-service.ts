import type { Calls } from './calls.ts'
import type { Fault, Faults } from './faults.ts'

export interface ServiceOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** 127.0.0.1 by default. */
  readonly host?: string
  /** Where the control server listens on loopback: a port, 0 for a free one, false (the default) for none. */
  readonly control?: number | false
  readonly now?: () => Date
}

export interface RunningService<F extends Fault = Fault> {
  readonly name: string
  /** `http://127.0.0.1:5001` for REST, `127.0.0.1:5003` for gRPC. */
  readonly address: string
  readonly port: number
  readonly controlUrl?: string
  readonly faults: Faults<F>
  readonly calls: Calls
  /** Does not wait for calls under way: their connections are cut. */
  readonly close: () => Promise<void>
}
