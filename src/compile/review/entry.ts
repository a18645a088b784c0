import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { placeOfNode } from '../../graph/bind/sdl.ts'
import { placeAt } from '../../kernel/diagnostic.ts'
import { entriesOf, type Found, type Ground, type Rule } from './finding.ts'

/** What callers reach, and whether anybody said that they should. */
export const entryRules: readonly Rule[] = [
  (ground) =>
    entriesOf(ground)
      .filter(({ settings }) => settings.auth === undefined)
      .map(({ path, name }) => ({
        code: 'PORTICO-711',
        path,
        message: `Everybody may enter ${name}: name a provider by \`auth\`, or say \`auth: anonymous\`.`,
      })),
  (ground) => ground.plan.bffs.flatMap((one) => openFields(one, ground)),
  (ground) => [...readsThatWrite(ground), ...methodsByGet(ground)],
  ({ config }) =>
    config.routes.flatMap((settings, index): Found[] =>
      'pathMode' in settings && settings.pathMode === 'raw' && settings.auth !== undefined
        ? [
            {
              code: 'PORTICO-714',
              path: ['routes', index, 'pathMode'],
              message: 'The service gets paths as clients spell them: it must not guard any of them by its path.',
            },
          ]
        : [],
    ),
  (ground) => wholeServices(ground),
  (ground) => unvalidated(ground),
  ({ config }) =>
    Object.entries(config.bffs).flatMap(([name, { suggestions }]): Found[] =>
      suggestions === true
        ? [
            {
              code: 'PORTICO-716',
              path: ['bffs', name, 'suggestions'],
              message: 'Errors name fields that are near to what was asked for, in production too: remove it.',
            },
          ]
        : [],
    ),
  (ground) => programs(ground),
]

const openFields = (
  { served: { name, graph } }: Ground['plan']['bffs'][number],
  { config }: Ground,
): readonly Found[] => {
  const auth = config.bffs[name]?.auth
  if (auth === undefined || auth.providers.length === 0 || !auth.optional || graph.rootRule !== undefined) return []
  return [graph.schema.getQueryType(), graph.schema.getSubscriptionType()].flatMap((type) =>
    Object.values(type?.getFields() ?? {}).flatMap(({ name: field, astNode }): Found[] => {
      const coordinate = `${type?.name}.${field}`
      if (!astNode || graph.fields.get(coordinate)?.rule !== undefined) return []
      const message = `Guests of ${name} may ask for ${coordinate}: add @auth to it or to \`schema\`, or @auth(public: true).`
      return [{ code: 'PORTICO-712', place: placeOfNode(astNode), coordinate, message }]
    }),
  )
}

/** Mutations that are bound to a GET. */
const readsThatWrite = ({ plan }: Ground): readonly Found[] =>
  plan.bffs.flatMap(({ served: { graph } }) => {
    const mutation = graph.schema.getMutationType()
    return Object.values(mutation?.getFields() ?? {}).flatMap(({ name, astNode }): Found[] => {
      const coordinate = `${mutation?.name}.${name}`
      const source = graph.fields.get(coordinate)?.source
      if (!astNode || source?.kind !== 'call') return []
      const { request } = source.binding
      if (request.kind !== 'rest' || request.method !== 'GET') return []
      const message = `${coordinate} changes something by a GET of ${request.service}, which is tried again and shared like any other: let the service take a POST.`
      return [{ code: 'PORTICO-713', place: placeOfNode(astNode), coordinate, message }]
    })
  })

const writingName =
  /^(?:Batch)?(?:Create|Insert|Add|Update|Set|Put|Patch|Replace|Delete|Remove|Purge|Clear|Cancel|Send|Submit|Pay|Capture|Transfer|Approve|Revoke|Reset|Register|Login|Logout)(?![a-z])/

/** gRPC methods that are reached by GET, and are not named as if they read. */
const methodsByGet = ({ plan, config }: Ground): readonly Found[] =>
  plan.routes.flatMap(({ served }) => {
    if (served.kind !== 'transcode') return []
    const index = config.routes.findIndex((route) => 'transcode' in route && route.path === served.path)
    const writing = served.bindings.filter(
      ({ verb, method }) => verb === 'GET' && writingName.test(method.path.split('/').at(-1) ?? ''),
    )
    return writing.map(
      ({ pattern, method }): Found => ({
        code: 'PORTICO-713',
        path: ['routes', index, 'transcode'],
        message: `GET ${pattern} runs ${method.path.slice(1)}, which by its name writes: change its google.api.http rule.`,
      }),
    )
  })

/** Routes by which any path of a service is asked for. */
const wholeServices = ({ plan, config }: Ground): readonly Found[] =>
  config.routes.flatMap((settings, index): Found[] => {
    if (!('service' in settings)) return []
    const service = plan.services.get(settings.service)
    if (service?.kind !== 'rest' || service.basePath !== '' || !settings.path.endsWith('/*')) return []
    // Then those alone that its document has.
    if (settings.validate && settings.validate.unknown === 'reject') return []
    const asked = settings.stripPrefix ? '/*' : (settings.rewrite?.path ?? settings.path)
    if (asked !== '/*') return []
    const message = `Every path of ${service.name} is reached, /admin and /metrics too: name those that are meant, or give it a base path.`
    return [{ code: 'PORTICO-715', path: ['routes', index, 'path'], message }]
  })

/** Routes to services that say what they take, where nobody looks. */
const unvalidated = ({ plan, config }: Ground): readonly Found[] =>
  config.routes.flatMap((settings, index): Found[] => {
    if (!('service' in settings) || settings.validate !== undefined) return []
    const service = plan.services.get(settings.service)
    if (service?.kind !== 'rest' || service.openapi === undefined) return []
    // What those carry, no document describes.
    if (settings.pathMode === 'raw' || settings.websocket !== false) return []
    const message = `Requests are not held against ${service.openapi.file}: say \`validate: true\`, or \`false\` where that is meant.`
    return [{ code: 'PORTICO-739', path: ['routes', index, 'service'], message }]
  })

const runsThings = /\b(?:node:)?child_process\b|\beval\s*\(|\bnew\s+Function\s*\(|['"](?:node:)?vm['"]/

/** Looks at the module itself; what it imports is not read. */
const programs = ({ plan }: Ground): readonly Found[] =>
  plan.bffs.flatMap(({ served: { name, resolvers } }): Found[] => {
    if (resolvers === undefined) return []
    const text = readFileSync(resolvers, 'utf8')
    const at = runsThings.exec(text)
    if (at === null) return []
    const file = relative(plan.dir, resolvers).replaceAll('\\', '/')
    const message = `Functions of the BFF can start programs or run text (\`${at[0]}\`): let a service do it.`
    return [
      { code: 'PORTICO-756', place: placeAt(file, text, at.index), coordinate: `bffs.${name}.resolvers`, message },
    ]
  })
