import type { Json } from '../../kernel/json.ts'
import type { Call, CallContext, Reply } from '../../services/call.ts'
import type { Connector } from '../../services/connect.ts'
import { findMethod, methodPaths } from '../../services/grpc/method.ts'
import { isOwnOfClient } from '../../services/rest/headers.ts'
import type { RestInput } from '../../services/rest/request.ts'
import type { Service } from '../../services/service.ts'
import { isSafeMethod } from '../bind/grpc-request.ts'

/** What may stand beside the path of a request: query parameters, encoded for their author, and headers. */
export type RestOptions = {
  readonly query?: Readonly<Record<string, string | number | boolean | readonly (string | number)[] | undefined>>
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * A REST service as a resolver calls it. A path starts with a slash, its values encoded by `encodeURIComponent`.
 * Answers are JSON, rejections Problems, integers past 2^53 raw JSON numbers with all their digits.
 */
export type RestClient = {
  get<Answer = unknown>(path: string, options?: RestOptions): Promise<Answer>
  delete<Answer = unknown>(path: string, options?: RestOptions): Promise<Answer>
  post<Answer = unknown>(path: string, body?: unknown, options?: RestOptions): Promise<Answer>
  put<Answer = unknown>(path: string, body?: unknown, options?: RestOptions): Promise<Answer>
  patch<Answer = unknown>(path: string, body?: unknown, options?: RestOptions): Promise<Answer>
}

/** A gRPC service as a resolver calls it: unary methods by name, or by `pkg.Service/Method` where two share one; ProtoJSON both ways. */
export type GrpcClient = Readonly<Record<string, <Answer = unknown>(message?: unknown) => Promise<Answer>>>

/** One call that a resolver makes: counted against the operation's bound, ended with it. */
type Ask = (service: string, call: (context: CallContext) => Promise<Reply>) => Promise<Json>

/** A service, ready to be called by any resolver that lists it. */
export type ConnectedClient =
  | { readonly kind: 'rest'; readonly client: (ask: Ask) => RestClient }
  | { readonly kind: 'grpc'; readonly client: (ask: Ask) => GrpcClient }

export type ClientsOptions = {
  readonly services: ReadonlyMap<string, Service>
  readonly connectors: ReadonlyMap<string, Connector>
  /** Told when a call that may change something is over. */
  readonly changed: () => void
}

/** Clients of the services that resolvers may call, under the services' own guards. */
export const connectClients = (
  names: Iterable<string>,
  { services, connectors, changed }: ClientsOptions,
): ReadonlyMap<string, ConnectedClient> =>
  new Map(
    [...new Set(names)].map((name): [string, ConnectedClient] => {
      const [service, connector] = [services.get(name), connectors.get(name)]
      if (service?.kind === 'rest' && connector?.kind === 'rest')
        return [name, { kind: 'rest', client: restClient(name, connector.call, changed) }]
      if (service?.kind === 'grpc' && connector?.kind === 'grpc') {
        const methods = unaryMethods(service, connector, changed)
        return [name, { kind: 'grpc', client: (ask) => lazily((method) => asked(name, methods.get(method), ask)) }]
      }
      throw new Error(`The service ${name} is not connected.`)
    }),
  )

/** An object whose members are made when they are first wanted: most resolvers want none or one. */
export const lazily = <Member>(make: (name: string) => Member | undefined): Readonly<Record<string, Member>> =>
  new Proxy<Record<string, Member>>(Object.create(null), {
    get: (_target, name) => (typeof name === 'string' ? make(name) : undefined),
  })

const restClient =
  (service: string, call: Call<RestInput>, changed: () => void) =>
  (ask: Ask): RestClient => {
    const send = async (method: RestInput['method'], path: string, rest: RestOptions & { readonly body?: unknown }) => {
      const input: RestInput = {
        method,
        path: target(service, path, rest.query),
        headers: ownHeaders(service, rest.headers),
        exact: 'integers',
        ...(rest.body !== undefined && { body: rest.body as Json }),
      }
      const asking = ask(service, (context) => call(input, context))
      return (await (method === 'GET' ? asking : asking.finally(changed))) as never
    }
    return {
      get: (path, options) => send('GET', path, { ...options }),
      delete: (path, options) => send('DELETE', path, { ...options }),
      post: (path, body, options) => send('POST', path, { ...options, body }),
      put: (path, body, options) => send('PUT', path, { ...options, body }),
      patch: (path, body, options) => send('PATCH', path, { ...options, body }),
    }
  }

/** An unreserved or encoded path (RFC 3986 §3.3) without dot segments: a value that was not encoded leads nowhere else. */
const plainPath = /^\/(?!\/)(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*$/
const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/i

const target = (service: string, path: string, query: RestOptions['query']): string => {
  if (!plainPath.test(path) || dotSegment.test(path))
    throw new TypeError(
      `"${path}" is no path for service ${service}: it starts with a slash, its values are encoded by encodeURIComponent, and its parameters stand in \`query\`.`,
    )
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {}))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) parameters.append(name, String(one))
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`
}

const fieldValue = /^[\t\x20-\x7e]*$/
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Headers a function may add: who calls, and how the message is framed, is the gateway's to say. */
const ownHeaders = (service: string, headers: RestOptions['headers']): RestInput['headers'] =>
  Object.entries(headers ?? {}).map(([name, value]) => {
    if (!token.test(name) || !fieldValue.test(value) || !isOwnOfClient(name.toLowerCase()))
      throw new TypeError(`The header ${name} cannot be sent to service ${service} by a resolver.`)
    return [name, value]
  })

type UnaryMethod = {
  readonly call: Call<{ readonly message: Json; readonly metadata: [] }>
  readonly ended: () => void
}

const unaryMethods = (
  service: Extract<Service, { kind: 'grpc' }>,
  connector: Extract<Connector, { kind: 'grpc' }>,
  changed: () => void,
): ReadonlyMap<string, UnaryMethod> => {
  const methods = new Map<string, UnaryMethod>()
  const twice = new Set<string>()
  for (const path of methodPaths(service.root)) {
    const method = findMethod(service, path)
    if ('candidates' in method || method.requestStream || method.responseStream) continue
    const unary = { call: connector.call(method), ended: isSafeMethod(method) ? () => undefined : changed }
    const name = path.slice(path.indexOf('/') + 1)
    if (methods.has(name)) twice.add(name)
    methods.set(path, unary).set(name, unary)
  }
  for (const name of twice) methods.delete(name)
  return methods
}

const asked = (service: string, method: UnaryMethod | undefined, ask: Ask) =>
  method &&
  ((message: unknown = {}) =>
    ask(service, (context) => method.call({ message: message as Json, metadata: [] }, context)).finally(
      method.ended,
    ) as Promise<never>)
