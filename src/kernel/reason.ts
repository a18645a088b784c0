/**
 * Why a value of an answer is not there: one of a closed set, each with what it means. Clients are shown them where
 * they may ask for an explanation; operators count them.
 */
export const reasons = {
  UPSTREAM_ERROR: 'The service was asked, and failed, refused, or could not be reached.',
  TIMEOUT: 'The service, or a function of the workspace, did not answer in time.',
  OVERLOADED: 'The service was not asked: too many calls of it are under way and waiting.',
  CIRCUIT_OPEN: 'The service was not asked: health checks, or a circuit breaker, have taken it out.',
  NOT_FOUND: 'The service says that there is no such thing (404, NOT_FOUND).',
  MISSING_KEY: 'A batch asked for the key, and the service did not return it.',
  DUPLICATE_KEY: 'A batch asked for the key, and the service returned it twice.',
  UPSTREAM_NULL: 'Who was asked said null: a service, or a function of the workspace.',
  PATH_MISSING: 'The answer of the service has nothing at the path that the value is read from.',
  TYPE_MISMATCH: 'The service answered something else than the schema says.',
  ENUM_UNKNOWN: 'The service answered a value that the enum does not have.',
  TEMPLATE_EMPTY: 'The request needs a value that is not there, so that no call was made.',
  TEMPLATE_INVALID: 'A value does not fit its place in the request, so that no call was made.',
  AUTH_DENIED: 'The caller may not see it, so that nothing was asked for it.',
  COST_LIMIT: 'The operation asks for more than it may: upstream calls, or parents of a fanout.',
  CHILD_MISSING: 'It was there, but a required field below it is not.',
  PARENT_NULL: 'It was not asked for, or fell: what it belongs to is null.',
  ELIDED: 'The operation itself leaves it out, by @skip or @include.',
  INTERNAL: 'The gateway, or a function of the workspace, failed; the log says how.',
} as const

export type Reason = keyof typeof reasons
