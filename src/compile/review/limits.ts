import { bffs } from '../../catalog.ts'
import type { Path } from '../../config/shape.ts'
import { placeOfNode } from '../../graph/bind/sdl.ts'
import { workspaceConfig } from '../config.ts'
import { admitsStrangers, entriesOf, type Found, type Ground, type Rule } from './finding.ts'

/** How much one client may take, and how often it may guess. */
export const limitRules: readonly Rule[] = [
  (ground) =>
    ground.config.rateLimit !== undefined
      ? []
      : entriesOf(ground)
          .filter(({ settings }) => settings.rateLimit === undefined)
          .map((entry) =>
            admitsStrangers(entry)
              ? {
                  code: 'PORTICO-730',
                  path: entry.path,
                  message: `Strangers may ask ${entry.name} as often as they can: give it a \`rateLimit\`.`,
                }
              : {
                  code: 'PORTICO-731',
                  path: entry.path,
                  message: `A caller may ask ${entry.name} as often as they can: give it a \`rateLimit\` by user.`,
                },
          ),
  ({ plan }) => plan.bffs.flatMap(({ served }) => guesses(served.graph)),
  (ground) => guessedRoutes(ground),
  (ground) => openStreams(ground),
  ({ config }) =>
    bounds.flatMap((name): Found[] => {
      const usual = defaults[name]
      if (config.limits[name] <= usual) return []
      const message = `${config.limits[name]} is more than the default of ${usual}, for strangers too: remove it, or trust documents.`
      return [{ code: 'PORTICO-733', path: ['limits', name], message }]
    }),
  ({ config }) =>
    Object.entries(config.bffs).flatMap(([name, { subscriptions }]) =>
      streamBounds.flatMap((bound): Found[] => {
        if (subscriptions[bound] <= usualStreams[bound]) return []
        const message = `${subscriptions[bound]} is more than the default of ${usualStreams[bound]}: count what as many streams take, or remove it.`
        return [{ code: 'PORTICO-733', path: ['bffs', name, 'subscriptions', bound], message }]
      }),
    ),
  ({ plan, config }) =>
    config.limits.cost?.mode === 'enforce'
      ? []
      : plan.bffs
          .filter(({ served }) => served.graphql && served.documents.trusted === undefined)
          .map(({ served: { name } }) => ({
            code: 'PORTICO-734',
            path: ['bffs', name],
            message: `${name} answers documents of strangers whatever they cost: set \`limits.cost\`, or \`documents: { trusted }\`.`,
          })),
  (ground) =>
    limitsOf(ground).flatMap(({ path, by }): Found[] => {
      const headers = by.flatMap((part) => (typeof part === 'object' && 'header' in part ? [part.header] : []))
      if (headers.length < by.length) return []
      const message = `Another ${headers.join(' or ')} is another allowance: count by ip or user, too.`
      return [{ code: 'PORTICO-735', path: [...path, 'by'], message }]
    }),
  (ground) =>
    ground.config.replicas > 1 && ground.config.redis === undefined && limitsOf(ground).length > 0
      ? [
          {
            code: 'PORTICO-736',
            path: ['replicas'],
            message: `Each limit holds ${ground.config.replicas} times: name the \`redis\` that the replicas share.`,
          },
        ]
      : [],
]

const bounds = [
  'body',
  'headers',
  'depth',
  'aliases',
  'rootFields',
  'fields',
  'directives',
  'tokens',
  'listSize',
  'upstreamCalls',
] as const
const streamBounds = ['connections', 'perConnection', 'message'] as const
const usualStreams = bffs.config.subscriptions.parse(undefined)
const defaults = workspaceConfig.shape.limits.parse({})

const guessing =
  /^(?:login|logIn|signIn|signin|signUp|signup|authenticate|register|verify|confirm|redeem|unlock|reset|forgot|recover|request)(?=$|[A-Z_])|(?:[Pp]assword|[Pp]asscode|[Oo]tp|[Cc]oupon|[Tt]oken)$/

const guesses = (graph: Ground['plan']['bffs'][number]['served']['graph']): readonly Found[] => {
  const mutation = graph.schema.getMutationType()
  return Object.values(mutation?.getFields() ?? {}).flatMap(({ name, astNode }): Found[] => {
    const coordinate = `${mutation?.name}.${name}`
    if (!astNode || !guessing.test(name) || (graph.fields.get(coordinate)?.limits.length ?? 0) > 0) return []
    const message = `${coordinate} can be tried as often as requests come in, and by aliases more often: add @rateLimit.`
    return [{ code: 'PORTICO-732', place: placeOfNode(astNode), coordinate, message }]
  })
}

const guessingPath =
  /(?:^|[/_-])(?:log-?in|sign-?in|sign-?up|token|passwords?|password-?reset|reset|otp|verify|register)(?=$|[/_-])/i

/** Routes by which somebody may log in, as often as the gateway as a whole lets them ask. */
const guessedRoutes = ({ config }: Ground): readonly Found[] =>
  config.routes.flatMap((settings, index): Found[] => {
    if ('redirect' in settings || 'respond' in settings || settings.rateLimit !== undefined) return []
    if (!guessingPath.test(settings.path.replace(/\/\*$/, ''))) return []
    const message = `${settings.path} can be tried as often as requests come in: give it a \`rateLimit\` of its own, by ip.`
    return [{ code: 'PORTICO-732', path: ['routes', index, 'path'], message }]
  })

/** Subscriptions that strangers may open, and with them all the streams that a BFF has. */
const openStreams = (ground: Ground): readonly Found[] =>
  ground.plan.bffs.flatMap(({ served: { name, graph, subscriptions } }) => {
    const entry = entriesOf(ground).find(({ path }) => path[0] === 'bffs' && path[1] === name)
    const subscription = graph.schema.getSubscriptionType()
    if (entry === undefined || !admitsStrangers(entry) || !subscription) return []
    return Object.values(subscription.getFields()).flatMap(({ name: field, astNode }): Found[] => {
      const coordinate = `${subscription.name}.${field}`
      const { rule = graph.rootRule, limits = [] } = graph.fields.get(coordinate) ?? {}
      if (!astNode || limits.length > 0 || rule !== undefined) return []
      const message = `Strangers may hold all ${subscriptions.connections} streams of ${name} by ${coordinate}: add @auth, or @rateLimit by IP.`
      return [{ code: 'PORTICO-738', place: placeOfNode(astNode), coordinate, message }]
    })
  })

/** Every limit of the workspace, with its place. */
const limitsOf = ({ config }: Ground) => {
  const listed = (path: Path, limits: NonNullable<typeof config.rateLimit> = []) =>
    limits.flatMap((limit, index) =>
      limit === 'plan' ? [] : [{ by: limit.by, path: [...path, ...(limits.length > 1 ? [index] : [])] }],
    )
  return [
    ...listed(['rateLimit'], config.rateLimit),
    ...Object.entries(config.plans?.of ?? {}).flatMap(([name, limits]) => listed(['plans', 'of', name], limits)),
    ...Object.entries(config.bffs).flatMap(([name, { rateLimit }]) => listed(['bffs', name, 'rateLimit'], rateLimit)),
    ...config.routes.flatMap(({ rateLimit }, index) => listed(['routes', index, 'rateLimit'], rateLimit)),
  ]
}
