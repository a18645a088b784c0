import { z } from 'zod'
import { codes } from './refusal.ts'

const where = {
  /** The start of a path (`/users`), of `POST /orders`, or of a gRPC method's name; everything without it. */
  on: z.string().min(1).exactOptional(),
  /** The fault is over after so many calls. */
  times: z.int().positive().exactOptional(),
}

const either = [
  z.strictObject({ mode: z.literal('ok'), ...where }),
  z.strictObject({ mode: z.literal('slow'), delayMs: z.int().min(0).max(600_000), ...where }),
  z.strictObject({ mode: z.literal('hang'), ...where }),
  z.strictObject({ mode: z.literal('garbage'), ...where }),
] as const

export const restFault = z.discriminatedUnion('mode', [
  ...either,
  z.strictObject({
    mode: z.literal('fail'),
    status: z.int().min(400).max(599),
    retryAfterSeconds: z.int().min(0).exactOptional(),
    ...where,
  }),
  z.strictObject({ mode: z.literal('half'), ...where }),
])

export const grpcFault = z.discriminatedUnion('mode', [
  ...either,
  z.strictObject({ mode: z.literal('fail'), code: z.enum(codes), ...where }),
])

export type RestFault = z.infer<typeof restFault>
export type GrpcFault = z.infer<typeof grpcFault>
export type Fault = RestFault | GrpcFault

/** How a service is told to misbehave. */
export interface Faults<F extends Fault = Fault> {
  /** Replaces the fault with the same `on`. Of those that fit a call, the longest `on` wins. */
  set(fault: F): void
  clear(): void
}

export interface FaultBook<F extends Fault> extends Faults<F> {
  /** The fault that a call with these names meets now. */
  take(names: readonly string[]): F | undefined
}

export function faultBook<F extends Fault>(): FaultBook<F> {
  const book = new Map<string, { readonly fault: F; left: number }>()

  return {
    set: (fault) => void book.set(fault.on ?? '', { fault, left: fault.times ?? Infinity }),
    clear: () => book.clear(),
    take(names) {
      const on = [...book.keys()]
        .filter((start) => names.some((name) => name.startsWith(start)))
        .sort((a, b) => b.length - a.length)[0]
      const entry = on === undefined ? undefined : book.get(on)
      if (on === undefined || entry === undefined) return undefined
      entry.left -= 1
      if (entry.left === 0) book.delete(on)
      return entry.fault
    },
  }
}
