import type { Json } from '../../../kernel/json.ts'
import type { ProblemDetail } from '../../../kernel/problem.ts'
import type { MetadataEntries } from './exchange.ts'
import { rpcMessage } from './rpc-messages.ts'

/** The details of google/rpc/error_details.proto that may be shown. DebugInfo is not among them: it holds stacks. */
export const detailNames = [
  'BadRequest',
  'ErrorInfo',
  'Help',
  'LocalizedMessage',
  'PreconditionFailure',
  'QuotaFailure',
  'RequestInfo',
  'ResourceInfo',
  'RetryInfo',
] as const

export type DetailName = (typeof detailNames)[number]

export type StatusDetails = {
  /** As ProtoJSON writes a google.protobuf.Any. */
  readonly details: readonly ProblemDetail[]
  /** From RetryInfo: whole seconds, rounded up. */
  readonly retryAfterSeconds?: number
}

const trailer = 'grpc-status-details-bin'
const none: StatusDetails = { details: [] }
/** Of the base64 text; a status that says more than this is not for clients. */
const mostText = 16_384
const mostDetails = 16
const mostSeconds = 86_400

/** The details of a failure that are `shown`. What cannot be read is left out: the failure itself counts. */
export const statusDetails = (trailers: MetadataEntries, shown: readonly DetailName[]): StatusDetails => {
  const text = trailers.find(([name]) => name === trailer)?.[1]
  if (text === undefined || shown.length === 0 || text.length > mostText) return none
  try {
    return read(Buffer.from(text, 'base64'), shown)
  } catch {
    return none
  }
}

type Any = { readonly typeUrl?: string; readonly value?: Uint8Array }
type RetryInfo = { readonly retryDelay?: { readonly seconds?: string; readonly nanos?: number } }

const read = (bytes: Buffer, shown: readonly DetailName[]): StatusDetails => {
  const status = rpcMessage('Status')
  const { details: all = [] } = status.toObject(status.decode(bytes)) as { readonly details?: readonly Any[] }
  const details: ProblemDetail[] = []
  let retryAfterSeconds: number | undefined
  for (const { typeUrl = '', value = Buffer.alloc(0) } of all.slice(0, mostDetails)) {
    const name = shown.find((one) => typeUrl.endsWith(`/google.rpc.${one}`))
    if (name === undefined) continue
    const type = rpcMessage(name)
    const detail: { readonly [member: string]: Json } = type.toObject(type.decode(value), { longs: String })
    const typed = { '@type': `type.googleapis.com/google.rpc.${name}` }
    if (name === 'RetryInfo') {
      const { seconds = '0', nanos = 0 } = (detail as RetryInfo).retryDelay ?? {}
      retryAfterSeconds = Math.min(Math.max(Math.ceil(Number(seconds) + nanos / 1e9), 0), mostSeconds)
      details.push({ ...typed, retryDelay: durationText(seconds, nanos) })
    } else details.push({ ...typed, ...detail })
  }
  return { details, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) }
}

/** ProtoJSON's form of a Duration: 0, 3, 6 or 9 digits after the point. */
const durationText = (seconds: string, nanos: number): string => {
  const sign = seconds === '0' && nanos < 0 ? '-' : ''
  const digits = Math.abs(nanos)
    .toString()
    .padStart(9, '0')
    .replace(/(?:000){1,3}$/, '')
  return `${sign}${seconds}${digits === '' ? '' : `.${digits}`}s`
}
