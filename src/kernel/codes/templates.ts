import type { CodeEntry } from './entry.ts'

/** Placeholders, and what they can reach. */
export const templateCodes = {
  'PORTICO-501': {
    severity: 'error',
    title: 'Placeholder that names nothing',
    cause: 'There is no such argument or field of the parent.',
    fix: 'Take a name that there is.',
    example: 'user(id: ID!): User @rest(service: "users", get: "/users/{args.di}")',
  },
  'PORTICO-502': {
    severity: 'warning',
    title: 'Path segment that may be empty',
    cause:
      'A nullable argument or a header stands in the path; where it is absent the request is refused, since a path cannot leave a segment out.',
    fix: "Make the argument non-null, give it a default, or write {args.id ?? '…'}.",
    example: 'user(id: ID): User @rest(service: "users", get: "/users/{args.id}")',
  },
  'PORTICO-503': {
    severity: 'error',
    title: 'Type that one of its paths cannot fill',
    cause: 'The type is reached by two paths, and the answer on one of them lacks a field.',
    fix: 'Give the field a source of its own, load the type by @entity, or use two types.',
  },
  'PORTICO-504': {
    severity: 'error',
    title: 'Wrong `needs` or `calls`',
    cause: 'A function names a field or a service that there is not, or a field that is not plain.',
    fix: 'Name plain fields of the parent, and services of portico.yaml.',
    example: 'displayName: String @resolver(fn: "displayName", needs: "{ nam }")',
  },
  'PORTICO-505': {
    severity: 'warning',
    title: 'Internal field that nothing reads',
    cause: 'Clients cannot see the field, and no placeholder, key or function reads it.',
    fix: 'Remove the field, or the @internal.',
  },
  'PORTICO-506': {
    severity: 'error',
    title: 'Template that cannot be read',
    cause: 'A brace is not closed, a pipe or root does not exist, or the placeholder is empty.',
    fix: "Write {root.path} with the roots args, this, keys, claims and header, ?? for a default and the pipes join(','), json, lower, upper and base64.",
    example: '@rest(service: "users", get: "/users/{args.id")',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>
