import { NoDeprecatedCustomRule, validate } from 'graphql'
import type { BffPlan } from '../../bff/bff.ts'
import { placeOfNode } from '../../graph/bind/sdl.ts'
import { worstCasePlan } from '../../graph/operation.ts'
import { estimate } from '../../graph/plan/estimate.ts'
import type { ListBound, Step } from '../../graph/plan/plan.ts'
import type { Diagnostic, Place } from '../../kernel/diagnostic.ts'
import type { WorkspaceConfig } from '../config.ts'

type Checked = {
  readonly bff: BffPlan
  readonly settings: WorkspaceConfig['bffs'][string]
  readonly placeOf: (path: readonly (string | number)[]) => Place
}

/** Doubts about a BFF that is sound in itself: what is open, what is deprecated, and what costs too much. */
export const checkBff = (checked: Checked): readonly Diagnostic[] => [
  ...openMutations(checked),
  ...(checked.bff.graphql ? openInProduction(checked) : idleSettings(checked)),
  ...explainedToNobody(checked),
  ...deprecatedUses(checked),
  ...costlyOperations(checked),
  ...severalWrites(checked),
]

/** Where a BFF asks who calls, a mutation that does not care should say so. */
const openMutations = ({ bff: { graph }, settings }: Checked): readonly Diagnostic[] => {
  if (settings.auth === undefined || graph.rootRule !== undefined) return []
  const mutation = graph.schema.getMutationType()
  return Object.values(mutation?.getFields() ?? {}).flatMap(({ name, astNode }): Diagnostic[] => {
    const coordinate = `${mutation?.name}.${name}`
    if (!astNode || graph.fields.get(coordinate)?.rule !== undefined) return []
    return [
      {
        severity: 'warning',
        code: 'PORTICO-701',
        place: placeOfNode(astNode),
        coordinate,
        message: `Whoever reaches the BFF may call ${coordinate}: add @auth to it or to \`schema\`, or say that it is meant by @auth(public: true).`,
      },
    ]
  })
}

/** Both are so in development by default; a setting makes them so in production. */
const openInProduction = ({ bff: { name }, settings, placeOf }: Checked): readonly Diagnostic[] => {
  const doubt = (setting: 'introspection' | 'documents', message: string): Diagnostic => ({
    severity: 'warning',
    code: 'PORTICO-706',
    place: placeOf(['bffs', name, setting]),
    coordinate: `bffs.${name}.${setting}`,
    message,
  })
  return [
    ...(settings.introspection === true
      ? [doubt('introspection', 'Clients may read the whole schema in production too; development has it by default.')]
      : []),
    ...(settings.documents === 'any'
      ? [doubt('documents', 'Production answers any document; name those of your clients by `trusted`.')]
      : []),
  ]
}

/** Stored operations come with their documents, and tell nothing of the schema. */
const idleSettings = ({ bff: { name }, settings, placeOf }: Checked): readonly Diagnostic[] =>
  (['documents', 'introspection', 'suggestions'] as const)
    .filter((setting) => settings[setting] !== undefined && settings[setting] !== false)
    .map((setting) => ({
      severity: 'warning',
      code: 'PORTICO-022',
      place: placeOf(['bffs', name, setting]),
      coordinate: `bffs.${name}.${setting}`,
      message: `bffs.${name} serves no GraphQL, as it has \`operations\`: add \`graphql: true\`, or remove what does nothing.`,
    }))

/** Scopes come with tokens. */
const explainedToNobody = ({ bff: { name }, settings, placeOf }: Checked): readonly Diagnostic[] =>
  settings.explain === undefined || settings.auth !== undefined
    ? []
    : [
        {
          severity: 'error',
          code: 'PORTICO-707',
          place: placeOf(['bffs', name, 'explain']),
          coordinate: `bffs.${name}.explain`,
          message:
            'No caller has scopes where no tokens are verified: add `auth` to the BFF, with `optional: true` where it is open.',
        },
      ]

const deprecatedUses = ({ bff: { graph, endpoints } }: Checked): readonly Diagnostic[] =>
  endpoints.flatMap(({ name, operation }) =>
    validate(graph.clientSchema, operation.document, [NoDeprecatedCustomRule]).flatMap(({ message, nodes }) => {
      const node = nodes?.[0]
      return node === undefined
        ? []
        : [
            {
              severity: 'warning',
              code: 'PORTICO-606',
              place: placeOfNode(node),
              coordinate: name,
              message,
            } satisfies Diagnostic,
          ]
    }),
  )

/** Only where schema or operation say the size of every list: of others the run knows better. */
const costlyOperations = ({ bff: { graph, endpoints, limits } }: Checked): readonly Diagnostic[] =>
  endpoints.flatMap(({ name, operation }): Diagnostic[] => {
    const plan = worstCasePlan(graph, operation)
    if (!plan.steps.every(hasStatedSizes)) return []
    // Calls that complete entities depend on what services leave out; the run counts those.
    const { calls: most, completing } = estimate(plan, {})
    const calls = most - completing
    if (calls <= limits.upstreamCalls) return []
    return [
      {
        severity: 'error',
        code: 'PORTICO-403',
        place: placeOfNode(operation.node),
        coordinate: name,
        message: `It makes ${calls} upstream calls in the worst case, and limits.upstreamCalls allows ${limits.upstreamCalls}: batch, ask for less, or raise the limit.`,
      },
    ]
  })

/** A list of keys is as many keys to ask for. */
const hasStatedSizes = ({ sizes, own, source }: Step): boolean =>
  sizes.every(isStated) && (source.kind !== 'load' || own === undefined || isStated(own))

const isStated = (bound: ListBound): boolean => {
  if (bound.kind !== 'argument') return bound.kind === 'assumed'
  const { args, names } = bound
  return args.kind === 'fixed' && names.some((name) => typeof args.values[name] === 'number')
}

/** Root fields of a mutation that call something which may not be repeated; what stands below them reads. */
const severalWrites = ({ bff: { graph, endpoints } }: Checked): readonly Diagnostic[] =>
  endpoints.flatMap(({ name, operation, nonAtomic }): Diagnostic[] => {
    if (nonAtomic || operation.node.operation !== 'mutation') return []
    const writes = worstCasePlan(graph, operation).steps.filter(
      ({ parent, binding, source }) =>
        parent === undefined && (binding === undefined ? source.kind === 'resolver' : !binding.safe),
    )
    const names = writes.map(({ coordinate }) => coordinate)
    if (names.length < 2) return []
    return [
      {
        severity: 'warning',
        code: 'PORTICO-612',
        place: placeOfNode(operation.node),
        coordinate: name,
        message: `It writes by ${names.slice(0, -1).join(', ')} and then ${names.at(-1)}: where a later one fails, the earlier stay done. Let one service do it all, or say that it is meant by @endpoint(nonAtomic: true).`,
      },
    ]
  })
