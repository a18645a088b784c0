import { codeOfGrpc, codes } from '../../../kernel/code.ts'
import { Problem, type ProblemOptions } from '../../../kernel/problem.ts'
import { deadlineProblem } from '../../guards/aborted.ts'
import { type GrpcService, judgesCallers } from '../../service.ts'
import { type NoTarget, noTarget } from '../../targets/set.ts'
import type { Outcome } from '../../targets/target.ts'
import { statusDetails } from './details.ts'
import { GrpcFailure } from './failure.ts'

/** What of a service its failures depend on. */
export type Asked = Pick<GrpcService, 'name' | 'identity' | 'errorDetails'>

/** What a failed call means to a client. The service's own words stay in the cause, but for the details it may show. */
export const problemOfFailure = (service: Asked, failure: GrpcFailure): Problem => {
  const { name } = service
  const broken: ProblemOptions = { service: name, status: 502, cause: failure }
  switch (failure.kind) {
    case 'status':
      return problemOfStatus(service, failure)
    case 'deadline':
      return deadlineProblem(name, failure)
    case 'unreached':
      return new Problem('UNAVAILABLE', `Service ${name} could not be reached.`, broken)
    case 'broken':
      return new Problem('UNAVAILABLE', `Service ${name} broke off before its answer was complete.`, broken)
    case 'foreign':
      return new Problem('UNAVAILABLE', `Service ${name} did not answer in gRPC.`, broken)
    case 'oversize':
      return new Problem('UNAVAILABLE', `Service ${name} gave an answer that is too large.`, broken)
  }
}

const problemOfStatus = ({ name, identity, errorDetails }: Asked, failure: GrpcFailure): Problem => {
  const { details, retryAfterSeconds } = statusDetails(failure.trailers, errorDetails)
  const options: ProblemOptions = {
    service: name,
    cause: failure,
    details,
    ...(retryAfterSeconds === undefined ? {} : { headers: { 'retry-after': String(retryAfterSeconds) } }),
  }
  const broken: ProblemOptions = { ...options, status: 502 }
  // Without the caller's identity, it is the gateway that was refused, and the details are for its operators.
  const refused = (): Problem =>
    new Problem('UNAVAILABLE', `Service ${name} refused the gateway.`, { service: name, status: 502, cause: failure })
  const code = codeOfGrpc(failure.code)
  switch (code) {
    case 'DEADLINE_EXCEEDED':
      return deadlineProblem(name, failure)
    case 'UNAVAILABLE':
      return new Problem('UNAVAILABLE', `Service ${name} is unavailable at the moment.`, options)
    case 'CANCELLED':
      // Not by us: who called off is asked first.
      return new Problem('UNAVAILABLE', `Service ${name} gave the call up.`, broken)
    case 'RESOURCE_EXHAUSTED':
      return requestTooLarge.test(failure.message)
        ? tooLargeToSend(name, failure)
        : new Problem(code, `Service ${name} takes no more calls at the moment.`, options)
    case 'UNAUTHENTICATED':
      return judgesCallers({ identity })
        ? new Problem(code, `Service ${name} asks for other credentials.`, challenge(options))
        : refused()
    case 'PERMISSION_DENIED':
      return judgesCallers({ identity })
        ? new Problem(code, `Service ${name} does not allow this to the caller.`, options)
        : refused()
    case 'UNIMPLEMENTED':
    case 'INTERNAL':
    case 'UNKNOWN':
    case 'DATA_LOSS':
      return new Problem(code, `Service ${name} failed to answer.`, broken)
    default:
      return new Problem(code, `Service ${name} answered ${code}.`, options)
  }
}

/** RFC 9110 §15.5.2: a 401 says how to authenticate. */
const challenge = (options: ProblemOptions): ProblemOptions => ({
  ...options,
  headers: { ...options.headers, 'www-authenticate': 'Bearer' },
})

/** There was no target to call. */
export const failureOfTarget = (service: Asked, thrown: NoTarget): Problem =>
  thrown.reason === 'unresolved'
    ? problemOfFailure(
        service,
        new GrpcFailure('unreached', grpcStatus.unavailable, thrown.message, { cause: thrown.cause }),
      )
    : noTarget(service.name, thrown)

/** What a failed call says of its target. */
export const outcomeOf = ({ kind, code }: GrpcFailure): Outcome => {
  if (kind === 'unreached') return 'unreached'
  if (kind === 'oversize') return 'success'
  return kind !== 'status' || failures.has(code) ? 'failure' : 'success'
}

const failures: ReadonlySet<number> = new Set([
  codes.UNAVAILABLE.grpc,
  codes.DEADLINE_EXCEEDED.grpc,
  codes.INTERNAL.grpc,
  codes.UNKNOWN.grpc,
  codes.DATA_LOSS.grpc,
])

/** A request that the service does not take for its size (RFC 9110 §15.5.14). */
export const tooLargeToSend = (service: string, cause?: unknown): Problem =>
  new Problem('RESOURCE_EXHAUSTED', `The request is too large for service ${service}.`, { service, status: 413, cause })

/** gRPC has no status for it: the words of grpc-js, grpc-go and C++, grpc-java, and connect-es. */
const requestTooLarge =
  /received message larger than max|message exceeds maximum size|message size \S+ is larger than configured/i

/** The status number of a code. */
export const grpcStatus = {
  ok: 0,
  cancelled: codes.CANCELLED.grpc,
  unknown: codes.UNKNOWN.grpc,
  deadlineExceeded: codes.DEADLINE_EXCEEDED.grpc,
  resourceExhausted: codes.RESOURCE_EXHAUSTED.grpc,
  unimplemented: codes.UNIMPLEMENTED.grpc,
  internal: codes.INTERNAL.grpc,
  unavailable: codes.UNAVAILABLE.grpc,
} as const
