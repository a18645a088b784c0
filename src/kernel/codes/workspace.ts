import type { CodeEntry } from './entry.ts'

/** Mistakes of `portico.yaml` and of the files it names. */
export const workspaceCodes = {
  'PORTICO-001': {
    severity: 'error',
    title: 'No workspace',
    cause: 'The directory has no readable portico.yaml.',
    fix: 'Run the command in a workspace, name one as its argument, or lay one by `portico init`.',
  },
  'PORTICO-002': {
    severity: 'error',
    title: 'YAML that cannot be read',
    cause: 'The text is no YAML 1.2, or says something else than it seems to.',
    fix: 'Mend the line; quote values that hold braces, colons or `#`.',
    example: 'services: { users: { rest: ${USERS_URL} } }',
  },
  'PORTICO-003': {
    severity: 'error',
    title: 'Unknown setting',
    cause: 'No setting has this name at this place, so it would do nothing.',
    fix: 'Take the name that is proposed, or see the configuration reference for the settings of this place.',
    example: 'budgt: 5s',
  },
  'PORTICO-004': {
    severity: 'error',
    title: 'Missing setting',
    cause: 'A setting without a default is not there.',
    fix: 'Add the setting.',
    example: 'bffs: { web: { schema: web.graphql } }  # no prefix',
  },
  'PORTICO-005': {
    severity: 'error',
    title: 'Wrong value',
    cause: 'The value is of another type, out of bounds, or lacks its unit.',
    fix: 'Write a value of the form that the message names.',
    example: 'drain: 30  # 30s',
  },
  'PORTICO-006': {
    severity: 'error',
    title: 'Setting that is not built yet',
    cause: 'The name is kept for a feature that this version does not have.',
    fix: 'Remove the setting.',
  },
  'PORTICO-007': {
    severity: 'error',
    title: 'Value from elsewhere that is not there',
    cause:
      'A variable of the environment, a secret’s file or an anchor that the value comes from is missing or unusable.',
    fix: 'Set the variable or write `${NAME:-default}`; lay the file; define the anchor above its use.',
    example: 'redis: ${REDIS_URL}',
  },
  'PORTICO-008': {
    severity: 'error',
    title: 'Key that is no plain, single word',
    cause: 'A key stands twice, holds a variable, or is no text.',
    fix: 'Keep one of the two, and write keys out.',
  },
  'PORTICO-009': {
    severity: 'error',
    title: 'File that is not in the workspace',
    cause: 'A setting names a file or directory that does not exist, or a pattern that no file fits.',
    fix: 'Correct the path; it starts at the workspace’s directory.',
    example: 'bffs: { web: { prefix: /web, schema: schemas/*.graphql } }',
  },
  'PORTICO-010': {
    severity: 'error',
    title: 'Unknown provider of identities',
    cause:
      '`auth` of a BFF or route names a provider that is not under `auth:`, or @auth one that the BFF does not ask.',
    fix: 'Take one of the providers that there are, or add it.',
  },
  'PORTICO-011': {
    severity: 'error',
    title: 'Admin port open to others',
    cause: 'The admin port has no login, so it listens on the loopback address only.',
    fix: 'Give it an address such as 127.0.0.1:9080.',
    example: 'admin: 0.0.0.0:9080',
  },
  'PORTICO-012': {
    severity: 'error',
    title: 'TLS files that do not work',
    cause: 'A certificate or key is not in PEM, or the two are not a pair.',
    fix: 'Name PEM files that belong together; a key has no passphrase.',
  },
  'PORTICO-013': {
    severity: 'error',
    title: 'Provider of identities that cannot work',
    cause:
      'A secret is too short, a key set fits no algorithm, a file of keys or passwords cannot be read, or Redis, TLS or a trusted proxy that it needs is missing.',
    fix: 'Do as the message says: it names the key, line or file.',
  },
  'PORTICO-014': {
    severity: 'error',
    title: 'Route that names an unfit service',
    cause: 'The service does not exist, or speaks the other protocol: proxy routes need REST, transcoding needs gRPC.',
    fix: 'Name a service of the right kind.',
    example: 'routes: [{ path: /raw/*, service: catalog }]  # catalog speaks gRPC',
  },
  'PORTICO-015': {
    severity: 'error',
    title: 'Settings of a route that exclude each other',
    cause: 'The settings cannot work together, as WebSocket upgrades without GET.',
    fix: 'Change one of the settings as the message says.',
  },
  'PORTICO-016': {
    severity: 'error',
    title: 'BFF that shows nothing',
    cause: 'The BFF has neither `schema` nor `expose`.',
    fix: 'Name SDL files by `schema`, gRPC services by `expose`, or both.',
  },
  'PORTICO-017': {
    severity: 'error',
    title: 'Functions without a module',
    cause: 'The schema names functions by @resolver, but the BFF has no `resolvers`.',
    fix: 'Add `resolvers:` with the module that exports them.',
  },
  'PORTICO-018': {
    severity: 'error',
    title: 'Metadata that may not pass',
    cause: 'The name is reserved, or carries what the gateway decides itself.',
    fix: 'Remove the name from `metadata`.',
  },
  'PORTICO-019': {
    severity: 'error',
    title: 'Trusted documents that cannot be read',
    cause: 'A manifest is no JSON of a known form, or one id stands for two documents.',
    fix: 'Write the manifest anew by the tool that made it.',
  },
  'PORTICO-020': {
    severity: 'error',
    title: 'Registration that cannot be done',
    cause: 'What `portico register` was asked for does not fit the workspace.',
    fix: 'Change the arguments as the message says.',
  },
  'PORTICO-021': {
    severity: 'error',
    title: 'Functions that cannot be used',
    cause: 'The module of functions does not load, or lacks a function that the schema names.',
    fix: 'Mend the module, or the name in @resolver.',
    example: 'displayName: String @resolver(fn: "displayNam")',
  },
  'PORTICO-022': {
    severity: 'warning',
    title: 'Setting of GraphQL where none is served',
    cause: 'A BFF with stored operations serves GraphQL only where `graphql: true` says so; the setting does nothing.',
    fix: 'Add `graphql: true`, or remove the setting.',
    example: 'mobile: { prefix: /mobile, schema: s.graphql, operations: o/*.graphql, documents: { apq: true } }',
  },
  'PORTICO-023': {
    severity: 'error',
    title: 'Versions that cannot be told apart',
    cause: 'The default is no version of the route, its path lacks the parameter, or a date is none.',
    fix: 'Name a version under `of`, a parameter of the path, and dates such as 2027-01-01.',
  },
  'PORTICO-028': {
    severity: 'error',
    title: 'Plan that is not there',
    cause: 'A `rateLimit` says `plan`, or `plans.otherwise` names one, and `plans` has no such plan.',
    fix: 'Add the plan under `plans.of`, or name one of those that there are.',
  },
  'PORTICO-034': {
    severity: 'error',
    title: 'Rule of `auth` that nobody meets',
    cause: '`require` matches what requests of the place do not say, or names a provider that `auth` does not ask.',
    fix: 'Name a parameter of the path, give the route hosts with `*`, or ask the provider.',
    example: 'routes: [{ path: /t/{id}/*, auth: { provider: p, require: { match: { path.tenant: claims.tenant } } } }]',
  },
  'PORTICO-035': {
    severity: 'warning',
    title: 'Rule that none of the callers meets',
    cause: '`require` or @auth asks for what no key and no user of the files has, or what certificates never say.',
    fix: 'Give a key or user what is asked for (`portico keys create … --role admin`), or ask another provider.',
  },
  'PORTICO-036': {
    severity: 'warning',
    title: 'Limit by keys where nobody has one',
    cause: 'A limit counts by API key, and no provider of its place knows callers by keys: it counts users.',
    fix: 'Count by user, or ask an `apiKey` provider.',
  },
  'PORTICO-037': {
    severity: 'warning',
    title: 'Headers of proxies that nobody trusts',
    cause:
      '`trustedHeaders` says how proxies tell where a request comes from, and no proxy is trusted: it does nothing.',
    fix: 'Name the address ranges of your proxies under `trustedProxies`, or remove `trustedHeaders`.',
    example: 'trustedHeaders: forwarded',
  },
  'PORTICO-030': {
    severity: 'error',
    title: 'Targets that are not one service',
    cause: 'The targets of a service differ in scheme or path, so that no request would fit them all.',
    fix: 'Give all targets one scheme and path, or make another service of those that differ.',
    example: 'services: { users: { rest: [http://10.0.0.1, https://10.0.0.2], identity: none } }',
  },
  'PORTICO-031': {
    severity: 'error',
    title: 'Retries that never happen',
    cause: 'One try may take as long as all of them together, so that no time is left for another.',
    fix: 'Make `timeout.try` shorter than `timeout.total`, and than the budget of requests.',
    example:
      'services: { users: { rest: http://127.0.0.1:5001, identity: none, timeout: { try: 2s, total: 2s }, retry: 2 } }',
  },
  'PORTICO-032': {
    severity: 'error',
    title: 'Parts that do not fit their targets',
    cause: 'A service that splits its calls has a target of no part, or a part without targets.',
    fix: 'Say the `part` of each target, and each part under `split`.',
    example:
      'services: { users: { rest: [{ url: http://10.0.0.1, part: old }, http://10.0.0.2], identity: none, split: [{ name: old }, { name: new }] } }',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>
