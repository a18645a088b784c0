import { type ServiceError, status } from '@grpc/grpc-js'
import { codeOfGrpc } from '../../../kernel/code.ts'
import { Problem, type ProblemOptions } from '../../../kernel/problem.ts'
import { deadlineProblem } from '../../guards/aborted.ts'
import type { GrpcService } from '../../service.ts'

/**
 * What a failed call means to a client. The service's own words stay in the cause. `answered` says that the service
 * had sent headers before.
 */
export const problemOfStatus = (
  service: Pick<GrpcService, 'name' | 'identity'>,
  error: ServiceError,
  answered: boolean,
): Problem => {
  const { name, identity } = service
  const options: ProblemOptions = { service: name, cause: error }
  const broken: ProblemOptions = { ...options, status: 502 }
  switch (error.code) {
    case status.DEADLINE_EXCEEDED:
      return deadlineProblem(name, error)
    case status.UNAVAILABLE:
      return !answered && isLocal(error)
        ? new Problem('UNAVAILABLE', `Service ${name} could not be reached.`, broken)
        : new Problem('UNAVAILABLE', `Service ${name} is unavailable at the moment.`, options)
    case status.CANCELLED:
      // Not by us: who called off is asked first.
      return new Problem('UNAVAILABLE', `Service ${name} gave the call up.`, broken)
    case status.RESOURCE_EXHAUSTED:
      return isOversize(error)
        ? new Problem('UNAVAILABLE', `Service ${name} gave an answer that is too large.`, broken)
        : new Problem('RESOURCE_EXHAUSTED', `Service ${name} takes no more calls at the moment.`, options)
    case status.UNAUTHENTICATED:
      // Without the caller's identity, it is the gateway that was refused.
      return identity === 'forward'
        ? new Problem('UNAUTHENTICATED', `Service ${name} asks for other credentials.`, challenge(options))
        : new Problem('UNAVAILABLE', `Service ${name} refused the gateway.`, broken)
    case status.PERMISSION_DENIED:
      return identity === 'forward'
        ? new Problem('PERMISSION_DENIED', `Service ${name} does not allow this to the caller.`, options)
        : new Problem('UNAVAILABLE', `Service ${name} refused the gateway.`, broken)
    case status.UNIMPLEMENTED:
    case status.INTERNAL:
    case status.UNKNOWN:
    case status.DATA_LOSS:
      return new Problem(codeOfGrpc(error.code), `Service ${name} failed to answer.`, broken)
    default:
      return new Problem(codeOfGrpc(error.code), `Service ${name} answered ${codeOfGrpc(error.code)}.`, options)
  }
}

/** RFC 9110 §15.5.2: a 401 says how to authenticate. */
const challenge = (options: ProblemOptions): ProblemOptions => ({
  ...options,
  headers: { 'www-authenticate': 'Bearer' },
})

/** grpc-js made the status itself: a server's, where it is all there is, comes with at least a content type. */
const isLocal = ({ metadata }: ServiceError): boolean => Object.keys(metadata.getMap()).length === 0

/** A server that got too large a request says the same words. */
const isOversize = (error: ServiceError): boolean =>
  isLocal(error) && error.details.startsWith('Received message larger than max')
