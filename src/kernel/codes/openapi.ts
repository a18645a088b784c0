import type { CodeEntry } from './entry.ts'

/** What is wrong with an OpenAPI document, or said otherwise in it than in a `@rest` binding. */
export const openApiCodes = {
  'PORTICO-900': {
    severity: 'error',
    title: 'OpenAPI document that cannot be read',
    cause: 'The file is no OpenAPI 3.0 or 3.1 document in JSON or YAML.',
    fix: 'Name the document that the service publishes.',
  },
  'PORTICO-901': {
    severity: 'error',
    title: 'No such path or method',
    cause: 'The document of the service has no operation that the binding could mean.',
    fix: 'Take a path that there is; the path of the base URL and of the document’s server may be left out.',
    example: '@rest(service: "users", get: "/usrs/{args.id}")',
  },
  'PORTICO-902': {
    severity: 'error',
    title: 'No such query parameter',
    cause: 'The operation does not take the parameter, so it would be ignored and the answer wider than meant.',
    fix: 'Take a parameter that there is.',
    example: '@rest(service: "users", get: "/users?nam={args.name}")',
  },
  'PORTICO-903': {
    severity: 'error',
    title: 'Required query parameter unset',
    cause: 'The operation requires the parameter, and the binding does not set it.',
    fix: 'Set it in the path’s query or by `query`.',
  },
  'PORTICO-904': {
    severity: 'error',
    title: 'No such field in the answer',
    cause: 'The schema of the answer has no such property.',
    fix: 'Name the property by @from(path: "…") or `select`.',
    example: 'type User { nam: String }',
  },
  'PORTICO-905': {
    severity: 'error',
    title: 'No such field in the body',
    cause: 'The schema of the body has no such property.',
    fix: 'Take a property that there is.',
  },
  'PORTICO-906': {
    severity: 'error',
    title: 'Type against the OpenAPI document',
    cause: 'The document says another type than the schema: a list or none, an object or none, another scalar.',
    fix: 'Write the type that the document says.',
    example: 'type User { age: Int }  # type: string',
  },
  'PORTICO-907': {
    severity: 'error',
    title: 'Required field of the body unset',
    cause: 'The schema of the body requires the property, and the binding does not set it.',
    fix: 'Set it in `body`.',
    example: 'add(name: String!): User @rest(service: "users", post: "/users", body: { nick: "{args.name}" })',
  },
  'PORTICO-908': {
    severity: 'error',
    title: 'OpenAPI document that requests cannot be held against',
    cause:
      'A route says `validate`, and the document has a schema, a reference or a parameter that nothing can be held against.',
    fix: 'Correct the document where the place says, or put its files together into one.',
    example: 'pattern: "^(?=.*[0-9]).{8,}$"  # looks ahead',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>
