import type { z } from 'zod'
import { parseRoutePath, type RoutePath } from '../path.ts'
import type { routeMatchConfig } from './config.ts'

/** What a value has to be; a missing one satisfies `{ present: false }` alone. */
export type Rule =
  | readonly string[]
  | { readonly prefix: string }
  | { readonly suffix: string }
  | { readonly contains: string }
  | { readonly present: boolean }

/** Something a request must have beside its path, method and host. */
export type Condition =
  | { readonly on: 'header' | 'query' | 'cookie' | 'body'; readonly name: string; readonly rule: Rule }
  /** The first version that Accept names by a media type such as `application/vnd.shop.v{version}+json`. */
  | { readonly on: 'mediaType'; readonly name: string; readonly rule: Rule }
  /** The segment of the path at an index. */
  | { readonly on: 'parameter'; readonly name: string; readonly at: number; readonly rule: Rule }
  /** The GraphQL operation that is run. */
  | { readonly on: 'operation'; readonly name: ''; readonly rule: Rule }
  | { readonly on: 'address'; readonly ranges: readonly string[] }

/** Which requests a route is for. */
export type RouteMatch = {
  /** In lower case; empty for any. */
  readonly hosts: readonly string[]
  readonly path: RoutePath
  /** In the order in which they are looked at. */
  readonly conditions: readonly Condition[]
  /** Undefined for any. */
  readonly methods: ReadonlySet<string> | undefined
  /** Whether paths are taken as they came, and passed on so. */
  readonly raw: boolean
  /** All but the methods, in one line: `shop.example/users/* [header x-beta: 1]`. The same for all routes of one site. */
  readonly site: string
}

type MatchConfig = z.output<z.ZodObject<typeof routeMatchConfig>> & {
  readonly path: string
  readonly methods?: readonly string[] | undefined
  readonly pathMode?: 'canonical' | 'raw' | undefined
}

/** Where requests of a route say its parameters, and the part of their host that `*` stands for. */
export const saidPlaces = ({ hosts = [], path }: Pick<MatchConfig, 'hosts' | 'path'>) => ({
  segments: new Map(parseRoutePath(path).variables.map((one) => [one.path, one.from] as const)),
  suffixes: hosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(1)),
})

/** What is written, and conditions that other settings of a route come to. */
export const compileMatch = (
  { hosts = [], match, path, methods, pathMode }: MatchConfig,
  more: readonly Condition[] = [],
): RouteMatch => {
  const { header = {}, query = {}, cookie = {}, body = {}, operation, address } = match ?? {}
  const named = (
    on: 'header' | 'query' | 'cookie' | 'body',
    rules: Readonly<Record<string, Rule>>,
  ): readonly Condition[] =>
    Object.entries(rules)
      .map(([name, rule]) => ({ on, name: on === 'header' ? name.toLowerCase() : name, rule }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  const conditions: readonly Condition[] = [
    ...named('header', header),
    ...named('query', query),
    ...named('cookie', cookie),
    ...more,
    ...(address === undefined ? [] : [{ on: 'address' as const, ranges: [...address].sort() }]),
    // Last: what else does not fit spares reading it.
    ...(operation === undefined ? [] : [{ on: 'operation' as const, name: '' as const, rule: operation }]),
    ...named('body', body),
  ]
  const sorted = [...new Set(hosts)].sort()
  const asked = conditions.length === 0 ? '' : ` [${conditions.map(conditionText).join('; ')}]`
  return {
    hosts: sorted,
    path: parseRoutePath(path),
    conditions,
    methods: methods === undefined ? undefined : withHead(methods),
    raw: pathMode === 'raw',
    site: `${sorted.join(',')}${path}${asked}`,
  }
}

/** A HEAD is answered wherever a GET is (RFC 9110 §9.3.2). */
const withHead = (methods: readonly string[]): ReadonlySet<string> =>
  new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods)

/** As `portico routes` prints it: `header x-beta: 1`. */
export const conditionText = (condition: Condition): string =>
  condition.on === 'address'
    ? `address ${condition.ranges.join(', ')}`
    : `${[condition.on, condition.name].join(' ').trim()}: ${ruleText(condition.rule)}`

const ruleText = (rule: Rule): string => {
  if ('prefix' in rule) return `${rule.prefix}…`
  if ('suffix' in rule) return `…${rule.suffix}`
  if ('contains' in rule) return `…${rule.contains}…`
  if ('present' in rule) return rule.present ? 'present' : 'absent'
  return rule.join(' or ')
}

/** Whether a value, or its absence, is what a rule asks for. */
export const satisfies = (value: string | undefined, rule: Rule): boolean => {
  if ('present' in rule) return rule.present === (value !== undefined)
  if (value === undefined) return false
  if ('prefix' in rule) return value.startsWith(rule.prefix)
  if ('suffix' in rule) return value.endsWith(rule.suffix)
  return 'contains' in rule ? value.includes(rule.contains) : rule.includes(value)
}

/** Whether no request can have what both ask for. False where that is not plain to see. */
export const areDisjoint = (a: readonly Condition[], b: readonly Condition[]): boolean =>
  a.some((one) =>
    b.some(
      (other) =>
        one.on !== 'address' &&
        other.on === one.on &&
        other.name === one.name &&
        (excludes(one.rule, other.rule) || excludes(other.rule, one.rule)),
    ),
  )

const excludes = (a: Rule, b: Rule): boolean => {
  if ('present' in a) return !a.present && !('present' in b && !b.present)
  if ('prefix' in a) return 'prefix' in b && !a.prefix.startsWith(b.prefix) && !b.prefix.startsWith(a.prefix)
  if ('suffix' in a) return 'suffix' in b && !a.suffix.endsWith(b.suffix) && !b.suffix.endsWith(a.suffix)
  return !('contains' in a) && !('present' in b) && a.every((value) => !satisfies(value, b))
}
