import type { CodeEntry } from './entry.ts'

/** Stored operations and their addresses. */
export const endpointCodes = {
  'PORTICO-601': {
    severity: 'error',
    title: 'Variable that a request cannot give',
    cause: 'The path names no variable, or the variable cannot stand where the address puts it.',
    fix: 'Name a variable of the operation; lists and input objects come from the query or the body.',
    example: 'query B($id: ID!) @endpoint(get: "/b/{di}") { user(id: $id) { id } }',
  },
  'PORTICO-602': {
    severity: 'error',
    title: 'Method that does not fit the operation',
    cause: 'A GET changes nothing, and PUT, PATCH and DELETE do not read.',
    fix: 'Use get or post for queries, and post, put, patch or delete for mutations.',
    example: 'mutation C @endpoint(get: "/c") { add { id } }',
  },
  'PORTICO-603': {
    severity: 'error',
    title: 'Variable that nothing uses',
    cause: 'The operation declares a variable that no argument takes, so that what clients send would be ignored.',
    fix: 'Give it to an argument, or remove it.',
    example: 'query B($id: ID!) @endpoint(get: "/b/{id}") { users { id } }',
  },
  'PORTICO-604': {
    severity: 'error',
    title: '`unwrap` or `require` of what is not selected',
    cause: 'The operation does not select this path.',
    fix: 'Name a path by the keys of the answer, aliases included.',
  },
  'PORTICO-605': {
    severity: 'warning',
    title: 'Route in a BFF’s ground',
    cause: 'The route lies under a BFF’s prefix, whose own addresses win.',
    fix: 'Give the route a path of its own.',
  },
  'PORTICO-606': {
    severity: 'warning',
    title: 'Operation that uses what is deprecated',
    cause: 'A field, argument or enum value that a stored operation uses is marked @deprecated.',
    fix: 'Use what the reason names.',
  },
  'PORTICO-607': {
    severity: 'error',
    title: 'Change that breaks clients of an endpoint',
    cause: 'Requests or answers that contracts/ holds are no longer possible; clients out there may rely on them.',
    fix: 'Serve the change under another path, or write the contract anew by `portico openapi --contract`.',
  },
  'PORTICO-608': {
    severity: 'error',
    title: 'Operation that the schema does not answer',
    cause: 'The document is no GraphQL, names what the schema lacks, or is past a limit.',
    fix: 'Mend what the message names.',
    example: 'query A @endpoint(get: "/a") { user(id: 1) { nam } }',
  },
  'PORTICO-609': {
    severity: 'error',
    title: 'Wrong @endpoint',
    cause: 'The operation does not say where it is served, or an argument of @endpoint is unknown or unusable.',
    fix: 'Write @endpoint(get: "/…") with the arguments of the directives reference.',
  },
  'PORTICO-610': {
    severity: 'error',
    title: 'File without exactly one operation',
    cause: 'A file of stored operations holds one operation, beside fragments.',
    fix: 'Give every operation a file.',
  },
  'PORTICO-611': {
    severity: 'warning',
    title: 'Routes that fit alike',
    cause: 'Two routes have one path, and neither has more conditions than the other: some request may fit both.',
    fix: 'Add a condition to the one that is to be asked first.',
    example: 'match: { header: { x-beta: "1" } }  # and another route: match: { query: { beta: "1" } }',
  },
  'PORTICO-612': {
    severity: 'warning',
    title: 'Several writes in one operation',
    cause:
      'The fields of a mutation run one after the other; where one fails, those before it stay done, and nothing undoes them.',
    fix: 'Let one service do it all, or say by `nonAtomic: true` that clients can live with a part.',
    example: 'mutation Buy @endpoint(post: "/buy") { reserve { id } pay { id } }',
  },
  'PORTICO-613': {
    severity: 'error',
    title: 'Name of a member that answers have',
    cause: 'An alias is `_errors` or `_explain`, which the gateway adds to answers that are partial or explained.',
    fix: 'Give the field another alias.',
    example: 'query A @endpoint(get: "/a") { _errors: user { id } }',
  },
  'PORTICO-614': {
    severity: 'warning',
    title: 'Route for gRPC calls that its service does not have',
    cause:
      'The path names a service or method that the protos do not have. Such calls are passed on as streams are, without a time of their own; most services refuse them.',
    fix: 'Write the name as the proto has it, or add what is missing to the proto.',
    example: 'routes: [{ path: /shop.v1.Catalog/Gte, service: catalog }]',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>
