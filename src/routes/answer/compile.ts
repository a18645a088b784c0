import type { z } from 'zod'
import type { Diagnostic, Place } from '../../kernel/diagnostic.ts'
import { parseRoutePath } from '../path.ts'
import type { Respond } from '../respond.ts'
import { type PathRewrite, parseRewrite } from '../rewrite.ts'
import type { redirectRouteConfig, respondRouteConfig } from './config.ts'

export type RedirectRouteConfig = z.output<z.ZodObject<typeof redirectRouteConfig>>
export type RespondRouteConfig = z.output<z.ZodObject<typeof respondRouteConfig>>

/** A route that needs no service. */
export type AnswerRoute = {
  readonly name: string
  /** As written: `/users/*`. */
  readonly path: string
  readonly methods: readonly string[]
  readonly answer: Redirect | FixedAnswer | Refusal
}

export type Redirect = {
  readonly kind: 'redirect'
  readonly status: number
  /** Scheme, host and port; empty for a path of the same. */
  readonly origin: string
  readonly to: PathRewrite
  readonly keepsQuery: boolean
}

export type FixedAnswer = { readonly kind: 'respond' } & Respond

/** Requests are refused with a problem. */
export type Refusal = {
  readonly kind: 'refuse'
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
}

const allMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export type AnswerSurroundings = {
  readonly placeOf: (setting: 'redirect') => { readonly place: Place; readonly coordinate: string }
}

export const compileAnswer = (
  config: RedirectRouteConfig | RespondRouteConfig,
  { placeOf }: AnswerSurroundings,
): { readonly route: AnswerRoute } | { readonly diagnostics: readonly Diagnostic[] } => {
  const { path, methods = allMethods } = config
  const route = { name: `routes.${path}`, path, methods }
  if ('respond' in config) return { route: { ...route, answer: { kind: 'respond', ...config.respond } } }
  const { to: written, status, query } = config.redirect
  const at = written.startsWith('/') ? 0 : written.indexOf('/', written.indexOf('//') + 2)
  const to = parseRewrite(written.slice(at), parseRoutePath(path))
  if ('mistake' in to)
    return { diagnostics: [{ severity: 'error', code: 'PORTICO-015', ...placeOf('redirect'), message: to.mistake }] }
  const origin = written.slice(0, at)
  return { route: { ...route, answer: { kind: 'redirect', status, origin, to, keepsQuery: query === 'keep' } } }
}

/** What answers requests that name a version there is not. */
export const refuseVersion = ({
  name,
  path,
  methods = allMethods,
  headers,
  served,
}: Pick<AnswerRoute, 'name' | 'path'> & {
  readonly methods?: readonly string[] | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly served: readonly string[]
}): AnswerRoute => ({
  name,
  path,
  methods,
  answer: { kind: 'refuse', message: `Name a version that is served: ${served.join(', ')}.`, headers },
})
