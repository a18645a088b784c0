import { randomHex } from './random-hex.ts'

/** W3C Trace Context: the two headers that every upstream call of a request carries. */
export type TraceContext = { readonly traceparent: string; readonly tracestate: string | undefined }

/** Version 00 ends with the flags; a later one may go on after another dash (Trace Context §3.2). Zero ids are invalid. */
const valid = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/

/**
 * The trace a request belongs to: what it said, as it said it, or else a new one, so that its upstream calls share
 * an id. A `tracestate` without a valid `traceparent` means nothing and is dropped (§3.3). New traces are marked
 * as sampled: services that sample by their parent would record nothing otherwise.
 */
export const traceContext = (
  traceparent: string | readonly string[] | undefined,
  tracestate: string | readonly string[] | undefined,
): TraceContext =>
  typeof traceparent === 'string' && isValid(traceparent)
    ? { traceparent, tracestate: typeof tracestate === 'string' ? tracestate : tracestate?.join(',') }
    : { traceparent: `00-${randomHex(32)}-${randomHex(16)}-01`, tracestate: undefined }

const isValid = (traceparent: string): boolean =>
  valid.test(traceparent) && (traceparent.length === 55 || !traceparent.startsWith('00'))
