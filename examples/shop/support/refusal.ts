/** The canonical gRPC code names; the whole shop speaks of errors in them. */
export const codes = [
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const

export type Code = (typeof codes)[number]

const httpStatus: Partial<Record<Code, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
}

/** A request that a service turns down: over gRPC by its code, over REST by the status that goes with it. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: Code
  readonly statusCode: number

  constructor(code: Code, message: string) {
    super(message)
    this.code = code
    this.statusCode = httpStatus[code] ?? 500
  }
}
