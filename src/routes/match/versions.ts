import type { z } from 'zod'
import { type Diagnostic, didYouMean, type Place } from '../../kernel/diagnostic.ts'
import { lifetimeHeaders, readLifetime } from '../../kernel/lifetime.ts'
import { parseRoutePath } from '../path.ts'
import type { Condition, Rule } from './match.ts'
import type { versionsConfig } from './versions-config.ts'

type Versions = z.output<typeof versionsConfig>

/** One version of a route: a route of its own, whose conditions say which requests name it. */
export type RouteVersion = {
  /** Undefined for requests that name a version there is not, which are refused. */
  readonly name: string | undefined
  readonly service: string | undefined
  readonly conditions: readonly Condition[]
  /** Headers of every answer. */
  readonly headers: Readonly<Record<string, string>>
}

export type VersionSurroundings = {
  readonly path: string
  readonly placeOf: (below: readonly string[]) => { readonly place: Place; readonly coordinate: string }
}

/** A route for each version, one for requests that name none, and one for those that name another. */
export const expandVersions = (
  { by, default: fallback, of }: Versions,
  { path, placeOf }: VersionSurroundings,
): { readonly versions: readonly RouteVersion[]; readonly diagnostics: readonly Diagnostic[] } => {
  const diagnostics: Diagnostic[] = []
  const report = (below: readonly string[], message: string): undefined => {
    diagnostics.push({ severity: 'error', code: 'PORTICO-023', ...placeOf(below), message })
  }
  const known = Object.keys(of)
  const ask = conditionOf(by, path)
  if (ask === undefined) report(['by'], `The path has no parameter {${'parameter' in by ? by.parameter : ''}}.`)
  if (fallback !== undefined && !known.includes(fallback))
    report(['default'], `There is no version ${fallback}.${didYouMean(fallback, known)}`)
  if (fallback !== undefined && 'parameter' in by)
    report(['default'], 'A path that has the parameter names a version always. Remove `default`.')
  const vary: Readonly<Record<string, string>> =
    'header' in by ? { vary: by.header.toLowerCase() } : 'mediaType' in by ? { vary: 'accept' } : {}
  const versions = Object.entries(of).flatMap(([name, { service, ...written }]): readonly RouteVersion[] => {
    const lifetime = readLifetime(
      { successor: undefined, notice: undefined, deprecated: undefined, sunset: undefined, ...written },
      (argument, message) => report(['of', name, argument], message),
    )
    const headers = { ...vary, ...lifetimeHeaders(lifetime) }
    const version = { name, service, headers }
    return [
      { ...version, conditions: [ask?.([name])].flatMap((one) => one ?? []) },
      ...(name === fallback
        ? [{ ...version, conditions: [ask?.({ present: false })].flatMap((one) => one ?? []) }]
        : []),
    ]
  })
  // Another route may answer a path whose parameter is no version.
  const others = 'parameter' in by ? [] : [{ name: undefined, service: undefined, conditions: [], headers: vary }]
  return { versions: [...versions, ...others], diagnostics }
}

const conditionOf = (by: Versions['by'], path: string): ((rule: Rule) => Condition) | undefined => {
  if ('header' in by) return (rule) => ({ on: 'header', name: by.header.toLowerCase(), rule })
  if ('query' in by) return (rule) => ({ on: 'query', name: by.query, rule })
  if ('mediaType' in by) return (rule) => ({ on: 'mediaType', name: by.mediaType.toLowerCase(), rule })
  const at = parseRoutePath(path).variables.find((one) => one.path === by.parameter)?.from
  return at === undefined ? undefined : (rule) => ({ on: 'parameter', name: by.parameter, at, rule })
}
