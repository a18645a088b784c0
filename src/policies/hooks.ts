import type { FastifyContextConfig, onRequestHookHandler, RouteShorthandOptions } from 'fastify'

/** The names of the hooks a policy may use. */
const hookNames = ['onRequest', 'preParsing', 'preHandler', 'onSend', 'onResponse'] as const

/**
 * What a policy puts on a route: Fastify hooks, each a list, run in the order of the catalogue; and the route
 * options by which a plugin of `setup` knows the route (`config.cors`, `compress`).
 */
export type RouteHooks = Pick<RouteShorthandOptions, (typeof hookNames)[number] | 'compress'> & {
  readonly config?: FastifyContextConfig
  /** Stands around each onRequest hook of what is listed before: sees the request first, and how it is refused. */
  readonly around?: (hook: onRequestHookHandler) => onRequestHookHandler
}

/** The hooks of several policies as one set for a route: the first listed run first. */
export const mergeHooks = (given: readonly RouteHooks[]): Omit<RouteHooks, 'around'> => {
  const sets = given.map((set, index) => surrounded(set, given.slice(index + 1)))
  const merged: Record<string, unknown> = Object.assign({}, ...sets, { around: undefined })
  delete merged['around']
  for (const name of hookNames) {
    const hooks = sets.flatMap((set) => set[name] ?? [])
    if (hooks.length > 0) merged[name] = hooks
  }
  const config: FastifyContextConfig = Object.assign({}, ...sets.map((set) => set.config))
  return { ...merged, config }
}

const surrounded = (set: RouteHooks, later: readonly RouteHooks[]): RouteHooks => {
  if (set.onRequest === undefined) return set
  const hooks = [set.onRequest].flat() as readonly onRequestHookHandler[]
  return { ...set, onRequest: hooks.map((hook) => later.reduce((inner, { around }) => around?.(inner) ?? inner, hook)) }
}
