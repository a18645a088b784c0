import type { Caller } from '../kernel/caller.ts'
import type { Json } from '../kernel/json.ts'
import type { Problem } from '../kernel/problem.ts'
import type { Signal } from '../kernel/signal.ts'

/** What a call needs to know of the request it serves. */
export type CallContext = {
  /** Aborts when nobody waits any more. A call that outlives it is a bug. */
  readonly signal: Signal
  /** When the request's budget ends, in the clock's monotonic milliseconds. */
  readonly deadline: number
  readonly caller: Caller
  /** Request headers that calls may pass on: `authorization` (only to services with `identity: forward`), `traceparent`, `tracestate`. */
  readonly forward: ForwardedHeaders
  /** The request's headers, lower-case names: read to choose a target, never passed on from here. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Where calls are tried again: whether this problem would be followed by another try. */
  readonly wouldTryAgain?: (problem: Problem) => boolean
  /**
   * Takes one more try of what the operation behind this call may send in all, hedges included; false where none is
   * left. Unbounded where undefined.
   */
  readonly takeTry?: () => boolean
  /** The targets this call was tried at before, for others are preferred. Each try adds its own. */
  readonly tried?: object[]
}

export type ForwardedHeaders = {
  readonly authorization?: string | undefined
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
}

/** What came back. A reply is a success; everything else is thrown as a Problem that names the service. */
export type Reply<Output = Json> = {
  readonly output: Output
  /** HTTP status; 200 for gRPC. */
  readonly status: number
  /** A header of an HTTP answer by its lower-case name, where that was asked for. */
  readonly header?: (name: string) => string | undefined
  /** Whether several requests are answered by it. */
  readonly shared?: true
}

/** One operation of one service, ready to run. Throws Problem. */
export type Call<Input, Output = Json> = (input: Input, context: CallContext) => Promise<Reply<Output>>

/** What guards have to know of a call. */
export type Traits<Input> = {
  /** Whether asking twice does no more than asking once. A call that was never sent may be repeated whatever this says. */
  readonly mayRepeat: (input: Input) => boolean
}

/** Changes how a call is made, never what it asks. */
export type Guard = <Input, Output>(next: Call<Input, Output>, traits: Traits<Input>) => Call<Input, Output>

/** The first guard is the outermost. Without traits, nothing is repeated that may have been sent. */
export const guarded = <Input, Output>(
  call: Call<Input, Output>,
  guards: readonly Guard[],
  traits: Traits<Input> = once,
): Call<Input, Output> => guards.reduceRight((next, guard) => guard(next, traits), call)

const once = { mayRepeat: () => false }
