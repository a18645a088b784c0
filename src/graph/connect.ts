import type { Clock } from '../kernel/clock.ts'
import type { Json } from '../kernel/json.ts'
import type { CallContext } from '../services/call.ts'
import type { Connector } from '../services/connect.ts'
import type { Invoke } from './execute/loads.ts'
import type { Binding } from './graph.ts'
import { judged as judgedBy, looksDeeper } from './judged.ts'
import type { RenderedRequest } from './request.ts'
import type { Sharing } from './sharing/sharing.ts'

/** Opens a stream for a rendered request of one binding. */
export type OpenStream = (request: RenderedRequest, context: CallContext) => AsyncIterable<Json>

/** Every binding tied to its service: by `binding.index`, so that nothing is looked up by name while requests run. */
export type Connected = {
  readonly invokes: readonly Invoke[]
  /** Defined for bindings of server-streaming methods. */
  readonly streams: readonly (OpenStream | undefined)[]
}

export const connectBindings = (
  bindings: readonly Binding[],
  connectors: ReadonlyMap<string, Connector>,
  { clock, sharing }: { readonly clock: Clock; readonly sharing: Pick<Sharing, 'share'> },
): Connected => ({
  // A binding's own timeout, and what it takes for a failure, are one waiter's, not those of a call which others may share.
  invokes: bindings.map((binding) =>
    withTimeout(judgedBy(sharing.share(binding, invokeOf(binding, connectors)), binding), binding.timeoutMs, clock),
  ),
  streams: bindings.map((binding) => streamOf(binding, connectors)),
})

const connectorOf = (name: string, connectors: ReadonlyMap<string, Connector>): Connector => {
  const connector = connectors.get(name)
  if (connector === undefined) throw new Error(`The service ${name} is not connected.`)
  return connector
}

const mismatch = ({ coordinate }: Binding): never => {
  throw new Error(`${coordinate} and its service speak different protocols.`)
}

const invokeOf = (binding: Binding, connectors: ReadonlyMap<string, Connector>): Invoke => {
  const { request, exact } = binding
  const connector = connectorOf(request.service, connectors)
  if (request.kind === 'rest' && connector.kind === 'rest') {
    const { call } = connector
    const { method, idempotent } = request
    const judged = looksDeeper(binding)
    return (rendered, context) =>
      rendered.kind === 'rest'
        ? call(
            {
              method,
              path: rendered.path,
              headers: rendered.headers,
              exact,
              idempotent,
              judged,
              ...(rendered.body === undefined ? {} : { body: rendered.body }),
            },
            context,
          )
        : mismatch(binding)
  }
  if (request.kind === 'grpc' && connector.kind === 'grpc') {
    const call = connector.call(request.method)
    if (binding.nothing)
      return async (rendered, context) =>
        rendered.kind === 'grpc' ? { ...(await call(rendered, context)), output: true } : mismatch(binding)
    return (rendered, context) => (rendered.kind === 'grpc' ? call(rendered, context) : mismatch(binding))
  }
  return mismatch(binding)
}

const withTimeout = (invoke: Invoke, timeoutMs: number | undefined, clock: Clock): Invoke =>
  timeoutMs === undefined
    ? invoke
    : (request, context) =>
        invoke(request, { ...context, deadline: Math.min(context.deadline, clock.now() + timeoutMs) })

const streamOf = (
  { request, nothing }: Binding,
  connectors: ReadonlyMap<string, Connector>,
): OpenStream | undefined => {
  const connector = connectorOf(request.service, connectors)
  if (request.kind !== 'grpc' || connector.kind !== 'grpc' || !request.method.responseStream) return undefined
  const stream = connector.stream(request.method)
  return (rendered, context) => {
    if (rendered.kind !== 'grpc') throw new Error('A stream is asked for by a gRPC message.')
    const messages = stream(rendered, context)
    return nothing ? trueForEach(messages) : messages
  }
}

async function* trueForEach(messages: AsyncIterable<Json>): AsyncIterable<Json> {
  for await (const _ of messages) yield true
}
