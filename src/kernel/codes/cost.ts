import type { CodeEntry } from './entry.ts'

/** Calls that multiply. */
export const costCodes = {
  'PORTICO-401': {
    severity: 'error',
    title: 'One call for each item of a list',
    cause: 'A binding is reached under a list and has neither `batch` nor `fanout`.',
    fix: 'Say `batch` where the service takes many keys, or `fanout: n` for at most n calls.',
    example: 'type User { boss: User @rest(service: "users", get: "/boss/{this.id}") }',
  },
  'PORTICO-402': {
    severity: 'warning',
    title: 'List of unknown size with calls below it',
    cause: 'Nobody says how long the list may get, so neither can anybody say how many calls it makes.',
    fix: 'Add @listSize.',
    example: 'users: [User!] @rest(service: "users", get: "/users")',
  },
  'PORTICO-403': {
    severity: 'error',
    title: 'Operation with too many calls',
    cause: 'In the worst case the stored operation makes more upstream calls than limits.upstreamCalls allows.',
    fix: 'Ask for less, give smaller bounds by @listSize, batch, or raise the limit.',
  },
  'PORTICO-404': {
    severity: 'warning',
    title: 'Fan-out that its list cannot keep',
    cause:
      'The list above may be longer than `fanout` allows parents, and parents past it get an error. Only a doubt, for shorter lists are answered in full.',
    fix: 'Bound the list by @listSize, raise `fanout`, or batch.',
  },
  'PORTICO-405': {
    severity: 'warning',
    title: 'Wait that nothing asks for',
    cause:
      'A child needs no more than the key of its parent, which an argument gave, and waits until the parent has come.',
    fix: 'Let the parent be loaded by @load, which lets both start at once.',
    example: 'user(id: ID!): User @rest(service: "users", get: "/users/{args.id}")',
  },
  'PORTICO-406': {
    severity: 'warning',
    title: 'Function that runs for each item of a list',
    cause: 'A function under a list has `resolve` alone, so that it runs, and calls, once for each item.',
    fix: 'Give it `resolveMany`, which gets all parents at once.',
    example: 'export const resolvers = defineResolvers({ displayName: { resolve: … } })',
  },
  'PORTICO-407': {
    severity: 'error',
    title: 'Weight that is no number',
    cause: '@cost(weight:) is a number as text.',
    fix: 'Write such as "2.5".',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>
