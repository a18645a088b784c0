import { type CallOptions, Metadata } from '@grpc/grpc-js'
import type { Clock } from '../../../kernel/clock.ts'
import type { Json } from '../../../kernel/json.ts'
import { Problem } from '../../../kernel/problem.ts'
import type { CallContext } from '../../call.ts'
import type { GrpcService } from '../../service.ts'

/** What a gRPC call is made with. Values of `-bin` names are base64. */
export type GrpcInput = {
  readonly message: Json
  readonly metadata: readonly (readonly [name: string, value: string])[]
}

/**
 * The metadata of a call: trace headers, the caller's `authorization` where the service may have it, and the
 * input's own, which win. Throws Problem INVALID_ARGUMENT for what metadata cannot carry, such as line breaks.
 */
export const metadataOf = (service: GrpcService, input: GrpcInput, { forward }: CallContext): Metadata => {
  const metadata = new Metadata()
  if (service.identity === 'forward') setKnown(metadata, 'authorization', forward.authorization)
  setKnown(metadata, 'traceparent', forward.traceparent)
  setKnown(metadata, 'tracestate', forward.tracestate)
  if (input.metadata.length > 0) addOwn(metadata, input.metadata, service.name)
  return metadata
}

const setKnown = (metadata: Metadata, name: string, value: string | undefined): void => {
  // HTTP lets through bytes that gRPC does not; such a header is not ours to repair.
  if (value !== undefined && printable.test(value)) metadata.set(name, value)
}

const printable = /^[ -~]*$/

const addOwn = (metadata: Metadata, own: GrpcInput['metadata'], service: string): void => {
  for (const [name] of own) metadata.remove(name)
  for (const [name, value] of own) {
    try {
      metadata.add(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value)
    } catch (cause) {
      throw new Problem('INVALID_ARGUMENT', `The value for metadata ${name} cannot be sent.`, { service, cause })
    }
  }
}

/** The deadline in gRPC's wall-clock time; none for calls without an end. */
export const callOptions = (deadline: number, clock: Clock): CallOptions =>
  Number.isFinite(deadline) ? { deadline: clock.date() + deadline - clock.now() } : {}

/** Messages are encoded before and decoded after grpc-js, so that their mistakes are ours to explain. */
export const asIs = (bytes: Buffer): Buffer => bytes
