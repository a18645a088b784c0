import { promises as dns } from 'node:dns'
import { isIP } from 'node:net'
import type { Lease, Resources } from '../../resources.ts'
import type { GrpcService } from '../../service.ts'
import { connectionKey } from './channel.ts'
import { Endpoint } from './endpoint.ts'
import { GrpcFailure } from './failure.ts'
import { grpcStatus } from './status.ts'
import type { Address } from './wire/connect.ts'

/** What a client reaches a service by. */
export type Reached = Pick<GrpcService, 'targets' | 'tls' | 'maxAnswerBytes' | 'health'>

/** From outside: names, chance, and what happens to endpoints as they come and go. */
export type EndpointTools = {
  readonly now: () => number
  readonly random?: () => number
  readonly lookup?: Lookup
  /** Told of each new endpoint; what it returns is called when the endpoint goes. */
  readonly watch?: (endpoint: Endpoint) => () => void
}

/** Every address of a name. Rejects where it has none. */
export type Lookup = (name: string) => Promise<readonly string[]>

const systemLookup: Lookup = async (name) => (await dns.lookup(name, { all: true })).map(({ address }) => address)

/** An answer of DNS is used so long before it is asked again, in the background. */
const freshMs = 30_000
/** Where an endpoint fails, the name may have moved, and DNS is asked again this often. */
const soonMs = 5_000
/** How long a name that was not found is not asked for again. */
const againMs = 1_000

type Target = { readonly name: string; readonly port: number }

/**
 * The endpoints behind a service's targets. Calls take turns among those that work; where none does, among all,
 * so that the failure is told. Names are looked up on first use and again from time to time.
 */
export class Endpoints {
  readonly #service: Reached
  readonly #tools: EndpointTools
  readonly #targets: readonly Target[]
  readonly #known = new Map<string, { readonly endpoint: Endpoint; readonly unwatch: (() => void) | undefined }>()
  #list: readonly Endpoint[] = []
  #next = 0
  #lookedUpAt = Number.NEGATIVE_INFINITY
  #lookingUp: Promise<void> | undefined
  #failure: GrpcFailure | undefined
  #closed = false

  constructor(service: Reached, tools: EndpointTools) {
    this.#service = service
    this.#tools = tools
    this.#targets = service.targets.map(parseTarget)
    if (this.#targets.every(isNumeric)) this.#use(this.#targets.map(numeric))
    // Health is watched from the start.
    else if (tools.watch !== undefined) this.#lookUp().catch(ignored)
  }

  /** The endpoint whose turn it is; a promise where names must be looked up first. Throws GrpcFailure. */
  pick(): Endpoint | Promise<Endpoint> {
    const age = this.#tools.now() - this.#lookedUpAt
    if (this.#targets.every(isNumeric)) return this.#turn()
    if (this.#list.length === 0) {
      if (this.#failure !== undefined && age < againMs) throw this.#failure
      return this.#lookUp().then(() => this.#turn())
    }
    // The old answer serves while the new one is on its way.
    if (age >= freshMs) this.#lookUp().catch(ignored)
    return this.#turn()
  }

  /** Whether any endpoint is connected and serves: at once where that is known, else within so many milliseconds. */
  ready(withinMs: number): boolean | Promise<boolean> {
    const serving = this.#list.filter((endpoint) => endpoint.serving)
    if (serving.some(({ ready }) => ready)) return true
    if (this.#list.length > 0 && serving.every(({ failing }) => failing)) return false
    return Promise.race([this.#connected(), after(withinMs)])
  }

  async #connected(): Promise<boolean> {
    try {
      if (this.#list.length === 0) await this.#lookUp()
      await Promise.any(
        this.#list.map(async (endpoint) => {
          if (!(await endpoint.connect())) throw new Error('It does not serve.')
        }),
      )
      return true
    } catch {
      return false
    }
  }

  /** Whether any endpoint that can be reached serves by its health check; undefined as long as nothing is known. */
  get serving(): boolean | undefined {
    if (this.#tools.watch === undefined) return true
    const reached = this.#list.filter(({ failing }) => !failing)
    if (reached.some(({ proven }) => proven)) return true
    return this.#list.length === 0 || reached.some(({ serving }) => serving) ? undefined : false
  }

  /** Calls in flight end first. */
  close(): void {
    this.#closed = true
    for (const { endpoint, unwatch } of this.#known.values()) {
      unwatch?.()
      endpoint.close()
    }
    this.#known.clear()
  }

  #turn(): Endpoint {
    const list = this.#list
    const count = list.length
    let serving: Endpoint | undefined
    let failing = false
    for (let step = 0; step < count; step += 1) {
      const endpoint = list[(this.#next + step) % count] as Endpoint
      if (!endpoint.serving) continue
      if (!endpoint.failing) {
        this.#next = (this.#next + step + 1) % count
        return endpoint
      }
      failing = true
      serving ??= endpoint
    }
    if (failing) this.#moved()
    if (serving !== undefined) {
      this.#next = (this.#next + 1) % count
      return serving
    }
    throw new GrpcFailure('status', grpcStatus.unavailable, 'By its health check, the service does not serve.')
  }

  #moved(): void {
    if (this.#targets.every(isNumeric) || this.#tools.now() - this.#lookedUpAt < soonMs) return
    this.#lookUp().catch(ignored)
  }

  #lookUp(): Promise<void> {
    this.#lookingUp ??= this.#ask().finally(() => {
      this.#lookedUpAt = this.#tools.now()
      this.#lookingUp = undefined
    })
    return this.#lookingUp
  }

  async #ask(): Promise<void> {
    const lookup = this.#tools.lookup ?? systemLookup
    const answers = await Promise.allSettled(
      this.#targets.map(async (target) =>
        isNumeric(target)
          ? [numeric(target)]
          : (await lookup(target.name)).map((host) => ({ host, port: target.port, name: target.name })),
      ),
    )
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    if (addresses.length > 0) this.#use(addresses)
    else if (this.#list.length === 0) {
      const cause: unknown = answers.find((answer) => answer.status === 'rejected')?.reason
      const names = this.#targets.map(({ name }) => name).join(', ')
      const words = `No address was found for ${names}.`
      this.#failure = new GrpcFailure('unreached', grpcStatus.unavailable, words, { cause })
      throw this.#failure
    }
  }

  /** Keeps the endpoints that stay, opens the new ones and closes those that are gone. */
  #use(addresses: readonly Address[]): void {
    if (this.#closed) return
    const { tls, maxAnswerBytes } = this.#service
    const list = new Map<string, Endpoint>()
    for (const address of addresses) {
      const key = `${address.host} ${address.port}`
      let known = this.#known.get(key)
      if (known === undefined) {
        const endpoint = new Endpoint(address, {
          tls,
          maxAnswerBytes,
          random: this.#tools.random,
          watched: this.#tools.watch !== undefined,
        })
        known = { endpoint, unwatch: this.#tools.watch?.(endpoint) }
        this.#known.set(key, known)
      }
      list.set(key, known.endpoint)
    }
    for (const [key, { endpoint, unwatch }] of this.#known) {
      if (list.has(key)) continue
      this.#known.delete(key)
      unwatch?.()
      endpoint.close()
    }
    this.#list = [...list.values()]
  }
}

const parseTarget = (target: string): Target => {
  const at = target.lastIndexOf(':')
  return { name: target.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(target.slice(at + 1)) }
}

const isNumeric = ({ name }: Target): boolean => isIP(name) !== 0

const numeric = ({ name, port }: Target): Address => ({ host: name, port, name })

const ignored = (): void => undefined

const after = (milliseconds: number): Promise<false> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds, false).unref())

/** A share in the endpoints of a service's targets: services with the same ones, TLS and health use the same. */
export const acquireEndpoints = (service: Reached, resources: Resources, tools: EndpointTools): Lease<Endpoints> =>
  resources.acquire(
    `grpc ${connectionKey(service)} ${JSON.stringify(service.health ?? null)}`,
    () => new Endpoints(service, tools),
    (endpoints) => endpoints.close(),
  )
