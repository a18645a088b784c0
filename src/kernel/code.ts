/**
 * The one vocabulary of failures, for REST and gRPC alike: the canonical gRPC status codes
 * (https://grpc.github.io/grpc/core/md_doc_statuscodes.html), each with the HTTP status a client sees.
 */
export const codes = {
  CANCELLED: { grpc: 1, status: 499, title: 'Client Closed Request', retryable: false },
  UNKNOWN: { grpc: 2, status: 500, title: 'Unknown Error', retryable: false },
  INVALID_ARGUMENT: { grpc: 3, status: 400, title: 'Bad Request', retryable: false },
  DEADLINE_EXCEEDED: { grpc: 4, status: 504, title: 'Gateway Timeout', retryable: true },
  NOT_FOUND: { grpc: 5, status: 404, title: 'Not Found', retryable: false },
  ALREADY_EXISTS: { grpc: 6, status: 409, title: 'Conflict', retryable: false },
  PERMISSION_DENIED: { grpc: 7, status: 403, title: 'Forbidden', retryable: false },
  RESOURCE_EXHAUSTED: { grpc: 8, status: 429, title: 'Too Many Requests', retryable: true },
  FAILED_PRECONDITION: { grpc: 9, status: 400, title: 'Failed Precondition', retryable: false },
  ABORTED: { grpc: 10, status: 409, title: 'Conflict', retryable: true },
  OUT_OF_RANGE: { grpc: 11, status: 400, title: 'Out of Range', retryable: false },
  UNIMPLEMENTED: { grpc: 12, status: 501, title: 'Not Implemented', retryable: false },
  INTERNAL: { grpc: 13, status: 500, title: 'Internal Server Error', retryable: false },
  UNAVAILABLE: { grpc: 14, status: 503, title: 'Service Unavailable', retryable: true },
  DATA_LOSS: { grpc: 15, status: 500, title: 'Data Loss', retryable: false },
  UNAUTHENTICATED: { grpc: 16, status: 401, title: 'Unauthorized', retryable: false },
} as const

export type Code = keyof typeof codes

const byNumber = new Map<number, Code>(Object.entries(codes).map(([code, { grpc }]) => [grpc, code as Code]))

/** The code of a gRPC status number; UNKNOWN for numbers the specification does not name. */
export const codeOfGrpc = (status: number): Code => byNumber.get(status) ?? 'UNKNOWN'

const byStatus: Readonly<Record<number, Code>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  410: 'NOT_FOUND',
  412: 'FAILED_PRECONDITION',
  413: 'RESOURCE_EXHAUSTED',
  416: 'OUT_OF_RANGE',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

/** The code that says the same as an HTTP status: exact ones by table, other 4xx INVALID_ARGUMENT, the rest INTERNAL. */
export const codeOfStatus = (status: number): Code =>
  byStatus[status] ?? (status >= 400 && status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL')
