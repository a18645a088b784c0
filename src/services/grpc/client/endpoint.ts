import { type Client, connectivityState } from '@grpc/grpc-js'
import type { TlsSettings } from '../../tls.ts'
import { openClient } from './channel.ts'
import type { Address } from './wire/connect.ts'
import { WireLink } from './wire/link.ts'

type EndpointSettings = {
  readonly tls: TlsSettings | undefined
  readonly maxAnswerBytes: number
  readonly random?: (() => number) | undefined
  /** Whether somebody tells of its health. */
  readonly watched: boolean
}

/** One address of a service and the connections to it: our own, and one of grpc-js for streams of requests. */
export class Endpoint {
  readonly address: Address
  readonly link: WireLink
  #serving: boolean | undefined
  readonly #known = Promise.withResolvers<void>()
  readonly #settings: EndpointSettings
  #client: Client | undefined

  constructor(address: Address, settings: EndpointSettings) {
    this.address = address
    this.link = new WireLink(address, settings.tls, settings.random)
    this.#settings = settings
    if (!settings.watched) this.checked(true)
  }

  /** What a health check says. */
  checked(serving: boolean): void {
    this.#serving = serving
    this.#known.resolve()
  }

  /** False where the health check says so. Until it says anything, calls are tried. */
  get serving(): boolean {
    return this.#serving !== false
  }

  /** Whether its health check has said that it serves. */
  get proven(): boolean {
    return this.#serving === true
  }

  /** Whether it is connected, and serves by its health check. */
  get ready(): boolean {
    return this.link.connected && this.proven
  }

  /** Connects, and waits for what the health check says. Rejects with GrpcFailure. */
  async connect(): Promise<boolean> {
    if (!this.link.connected) await this.link.connect()
    await this.#known.promise
    return this.ready
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

  close(): void {
    this.link.close()
    this.#client?.close()
  }
}
