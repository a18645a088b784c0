import type { z } from 'zod'
import type { BffPlan } from '../bff/bff.ts'
import type { Places } from '../config/places.ts'
import { placeOfNode } from '../graph/bind/sdl.ts'
import { reachIn } from '../graph/mask-reach.ts'
import { mayMask } from '../graph/masked.ts'
import { worstCasePlan } from '../graph/operation.ts'
import type { Diagnostic } from '../kernel/diagnostic.ts'
import { createMasker } from '../kernel/mask/masker.ts'
import { createMasks, type Masks, type ScopedRule } from '../kernel/mask/masks.ts'
import { parsePath } from '../kernel/mask/path.ts'
import { findLike, patterns } from '../kernel/mask/patterns.ts'
import { becoming } from '../kernel/mask/rule.ts'
import type { WorkspaceConfig } from './config.ts'
import type { maskConfig } from './mask-config.ts'
import type { RoutePlan } from './plan.ts'

type Rule = z.output<typeof maskConfig>['rules'][number]

type Surroundings = {
  readonly places: Places
  /** Of BFFs that are sound. */
  readonly bffs: readonly BffPlan[]
  readonly routes: readonly RoutePlan[]
}

/** The rules made ready, or what is wrong with them. A rule that could not apply would show what it should hide. */
export const compileMask = (
  { mask: config, routes: settings, services }: Pick<WorkspaceConfig, 'mask' | 'routes' | 'services'>,
  { places, bffs, routes }: Surroundings,
): { readonly masks: Masks | undefined; readonly diagnostics: readonly Diagnostic[] } => {
  const forAnswers = config?.rules.some((rule) => rule.in.includes('answers')) === true
  const diagnostics: Diagnostic[] = settings.flatMap((route, index) =>
    routeMistakes(route, { index, forAnswers, places, services }),
  )
  if (config === undefined) return { masks: undefined, diagnostics }
  const graphs = bffs.map(({ graph }) => graph)
  // Of routes nobody knows the shape of answers.
  const hasRoutes = routes.some(
    (route) => route.kind === 'transcode' || (route.kind === 'proxy' && route.mask !== undefined),
  )
  const rules = config.rules.flatMap((rule, index): readonly ScopedRule[] => {
    const wrong = (below: keyof Rule, message: string): readonly ScopedRule[] => {
      const path = ['mask', 'rules', index, below]
      diagnostics.push({
        severity: 'error',
        code: 'PORTICO-709',
        place: places.at(path, 'value'),
        coordinate: `mask.rules[${index}].${below}`,
        message,
      })
      return []
    }
    const { pattern, becomes, except } = rule
    if ((rule.path === undefined) === (pattern === undefined))
      return wrong('path', 'A rule has a `path` or a `pattern`, one of the two.')
    if (becomes === 'hash' && config.secret === undefined)
      return wrong('becomes', 'A hash needs `mask.secret`: without one, card numbers are found by trying all.')
    const path = rule.path === undefined ? undefined : parsePath(rule.path)
    if (rule.path !== undefined && path === undefined)
      return wrong('path', 'Expected names with dots between them, and a name at the end: user.cards[].number.')
    const find = typeof pattern === 'object' ? findLike(pattern.like) : pattern && patterns[pattern]
    if (pattern !== undefined && find === undefined) return wrong('pattern', 'A form has 4 to 64 characters.')
    if (!rule.in.includes('answers') && except !== undefined)
      return wrong('except', 'Only answers have callers. Add answers to `in`, or remove `except`.')
    const made = { path, find, become: becoming(becomes, config.secret), in: rule.in, except }
    if (path === undefined || !rule.in.includes('answers')) return [made]
    const reached = graphs.map((graph) => reachIn(graph.clientSchema, made))
    for (const { mistakes } of reached) for (const mistake of mistakes) wrong('becomes', mistake)
    if (!hasRoutes && graphs.length > 0 && !reached.some(({ reaches }) => reaches))
      return wrong('path', `No answer has ${rule.path}. Paths of GraphQL are names of fields, from a root field on.`)
    return [made]
  })
  diagnostics.push(...bffs.flatMap((bff) => sharedAnswers(bff, rules)))
  return { masks: diagnostics.length > 0 ? undefined : createMasks(rules), diagnostics }
}

/** Endpoints whose answers shared caches may keep, though a rule has exceptions: one caller would get another's. */
const sharedAnswers = ({ graph, endpoints }: BffPlan, rules: readonly ScopedRule[]): readonly Diagnostic[] => {
  const excepting = createMasker(rules.filter((rule) => rule.in.includes('answers') && rule.except !== undefined))
  return endpoints
    .filter(({ cache, operation }) => cache?.shared === true && mayMask(worstCasePlan(graph, operation), excepting))
    .map(({ name, operation }) => ({
      severity: 'error',
      code: 'PORTICO-703',
      place: placeOfNode(operation.node),
      coordinate: name,
      message: 'Its `cache` lets callers share answers, but `mask` shows some what it hides from others: say private.',
    }))
}

/** Nobody shows by accident what rules are to hide: every route to a service says whether they hold for it. */
const routeMistakes = (
  route: WorkspaceConfig['routes'][number],
  {
    index,
    forAnswers,
    places,
    services,
  }: {
    readonly index: number
    readonly forAnswers: boolean
    readonly places: Places
    readonly services: WorkspaceConfig['services']
  },
): readonly Diagnostic[] => {
  if (!('service' in route || 'split' in route || 'versions' in route)) return []
  const asked = route.mask !== undefined && route.mask !== false
  const native = 'service' in route && 'grpc' in (services[route.service] ?? {})
  const message = forAnswers
    ? route.mask === undefined &&
      (native
        ? 'Rules of `mask` are for answers, and native gRPC cannot be masked. Say mask: false where it may be shown, or transcode it.'
        : 'Rules of `mask` are for answers. Say mask: true, or mask: false for a service whose answers may be shown.')
    : asked && 'There is no rule of `mask` for answers. Add one, or remove this.'
  if (message === false) return []
  const place = places.at(['routes', index, ...(asked ? ['mask'] : [])], 'value')
  return [{ severity: 'error', code: 'PORTICO-709', place, coordinate: `routes[${index}].mask`, message }]
}
