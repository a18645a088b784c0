import type { Path } from './shape.ts'

/**
 * Settings the blueprint names and this version does not have, each with what is missing. `*` stands for one
 * name or index. What gets built leaves this table.
 */
export type Planned = Readonly<Record<string, string>>

export const planned = {
  telemetry: 'telemetry settings beside accessLog and probes',
  tracing: 'tracing',
  cache: 'cache',
  plugins: 'plugins',
  'services.*.headers': 'header rules',
  'auth.*.oidc': 'OpenID Connect login',
  'auth.*.ldap': 'LDAP',
  'bffs.*.cache': 'cache',
  'routes.*.cache': 'cache',
  'routes.*.compression': 'compression of its own for proxied answers, which pass as the service wrote them',
} as const satisfies Planned

/** What is missing for a planned setting; undefined where it is none. */
export const plannedAt = (table: Planned, path: Path): string | undefined =>
  patternsOf(table).find(
    ({ segments }) =>
      segments.length === path.length &&
      segments.every((segment, index) => segment === '*' || segment === String(path[index])),
  )?.missing

type Pattern = { readonly segments: readonly string[]; readonly missing: string }

const patterns = new WeakMap<Planned, readonly Pattern[]>()

/** Every key of a workspace is looked up: taken apart once. */
const patternsOf = (table: Planned): readonly Pattern[] => {
  let known = patterns.get(table)
  if (known === undefined) {
    known = Object.entries(table).map(([pattern, missing]) => ({ segments: pattern.split('.'), missing }))
    patterns.set(table, known)
  }
  return known
}
