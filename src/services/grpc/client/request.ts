import type { Json } from '../../../kernel/json.ts'
import { Problem } from '../../../kernel/problem.ts'
import type { CallContext } from '../../call.ts'
import type { GrpcService } from '../../service.ts'
import type { MetadataEntries } from './exchange.ts'
import type { Connection } from './wire/call.ts'

/** What a gRPC call is made with, in JSON. */
export type GrpcInput = { readonly message: Json; readonly metadata: MetadataEntries }

/**
 * The metadata of a call: trace headers, the caller's `authorization` where the service may have it, the request's own,
 * which win, and what the gateway says of who calls. Throws Problem INVALID_ARGUMENT for what metadata cannot carry, such as line breaks.
 */
export const metadataOf = (
  {
    service,
    introduction,
  }: Pick<Connection, 'introduction'> & { readonly service: Pick<GrpcService, 'name' | 'identity'> },
  own: MetadataEntries,
  { forward, caller }: CallContext,
): MetadataEntries => {
  const entries: (readonly [name: string, value: string])[] = []
  if (service.identity === 'forward') addKnown(entries, 'authorization', forward.authorization, own)
  addKnown(entries, 'traceparent', forward.traceparent, own)
  addKnown(entries, 'tracestate', forward.tracestate, own)
  for (const entry of own) {
    if (introduction?.reserved?.has(entry[0]) === true) continue
    if (!sendable(entry))
      throw new Problem('INVALID_ARGUMENT', `The value for metadata ${shown(entry[0])} cannot be sent.`, {
        service: service.name,
      })
    entries.push(entry)
  }
  const lines = introduction?.headers?.(caller) ?? []
  for (let i = 0; i + 1 < lines.length; i += 2) entries.push([lines[i] as string, lines[i + 1] as string])
  return entries
}

const addKnown = (
  entries: (readonly [string, string])[],
  name: string,
  value: string | undefined,
  own: MetadataEntries,
): void => {
  // HTTP lets through bytes that gRPC does not; such a header is not ours to repair.
  if (value !== undefined && printable.test(value) && !own.some((entry) => entry[0] === name))
    entries.push([name, value])
}

const sendable = ([name, value]: MetadataEntries[number]): boolean =>
  metadataName.test(name) && (name.endsWith('-bin') ? base64.test(value) : printable.test(value))

const printable = /^[ -~]*$/
/** Names of the gRPC over HTTP/2 specification, without those it keeps for itself. */
const metadataName = /^(?!grpc-)[0-9a-z_.-]+$/
const base64 = /^[0-9A-Za-z+/]*={0,2}$/

const shown = (name: string): string => (metadataName.test(name) ? name : JSON.stringify(name.slice(0, 64)))
