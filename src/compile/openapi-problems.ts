import { STATUS_CODES } from 'node:http'
import { codes } from '../kernel/code.ts'
import { schemaRef } from '../kernel/openapi.ts'

/** The problem that every failure is (src/kernel/problem.ts), once for all operations. The name is none a proto could have. */
const problem = 'problem-details'

export const problemSchemas = {
  [problem]: {
    type: 'object',
    description: 'A request that failed (RFC 9457).',
    required: ['type', 'title', 'status', 'detail', 'code'],
    properties: {
      type: { type: 'string', const: 'about:blank' },
      title: { type: 'string', description: 'The short name of the status.' },
      status: { type: 'integer', description: 'The HTTP status.' },
      detail: { type: 'string', description: 'What went wrong, for people.' },
      code: { type: 'string', enum: Object.keys(codes), description: 'What went wrong, for programs.' },
      service: { type: 'string', description: 'The service whose call failed.' },
      details: {
        type: 'array',
        description: 'What the service says of it, each of the type that `@type` names.',
        items: { type: 'object', required: ['@type'], properties: { '@type': { type: 'string' } } },
      },
      requestId: { type: 'string', description: 'By which the request is found in logs.' },
    },
  },
} as const

const response = 'Problem'

export const problemResponses = {
  [response]: {
    description: 'The request failed.',
    content: { 'application/problem+json': { schema: schemaRef(problem) } },
  },
} as const

/** The failures of one operation: those that its way of asking can bring, and `default` for all others. */
export const failures = (statuses: readonly number[]): Readonly<Record<string, object>> => {
  const $ref = `#/components/responses/${response}`
  const own = [...new Set(statuses)].sort((a, b) => a - b)
  return {
    ...Object.fromEntries(own.map((status) => [String(status), { $ref, description: `${STATUS_CODES[status]}.` }])),
    default: { $ref },
  }
}
