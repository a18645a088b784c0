import { type Client, connectivityState } from '@grpc/grpc-js'
import type { Link } from '../../targets/target.ts'
import type { TlsSettings } from '../../tls.ts'
import { openClient } from './channel.ts'
import { PassSessions } from './sessions.ts'
import type { Address } from './wire/connect.ts'
import { WireLink } from './wire/link.ts'

type EndpointSettings = {
  readonly tls: TlsSettings | undefined
  readonly maxAnswerBytes: number
  readonly connectMs?: number | undefined
  readonly random?: (() => number) | undefined
  readonly now?: (() => number) | undefined
}

/** The connections to one address of a service: our own, one of grpc-js for streams of requests, and those of calls that are passed on. */
export class Endpoint implements Link {
  readonly address: Address
  readonly link: WireLink
  readonly passing: PassSessions
  readonly #settings: EndpointSettings
  #client: Client | undefined

  constructor(address: Address, settings: EndpointSettings) {
    this.address = address
    this.link = new WireLink(address, settings)
    this.passing = new PassSessions(address, settings)
    this.#settings = settings
  }

  /** Made when the first stream of requests is opened. */
  get client(): Client {
    this.#client ??= openClient(this.address, this.#settings)
    return this.#client
  }

  /** Whether it could not be reached when it was last tried. */
  get failing(): boolean {
    return (
      this.link.failing ||
      (this.#client !== undefined &&
        this.#client.getChannel().getConnectivityState(false) === connectivityState.TRANSIENT_FAILURE)
    )
  }

  /** Calls in flight end first. */
  close(): void {
    this.link.close()
    this.passing.close()
    this.#client?.close()
  }
}
