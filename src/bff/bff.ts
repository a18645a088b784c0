import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { Connected } from '../graph/connect.ts'
import type { CostMeter } from '../graph/cost/cost.ts'
import type { GraphTools } from '../graph/execute/execute.ts'
import type { Failure } from '../graph/execute/write.ts'
import type { AccessRule, Graph } from '../graph/graph.ts'
import type { OperationLimits } from '../graph/limits.ts'
import type { SharedOperations } from '../graph/sharing/operations.ts'
import type { Caller } from '../kernel/caller.ts'
import type { JsonLimits } from '../kernel/json-mistake.ts'
import type { Masks } from '../kernel/mask/masks.ts'
import { logged } from '../kernel/problem.ts'
import type { Reason } from '../kernel/reason.ts'
import type { SocketObserver } from '../telemetry/observers.ts'
import type { EndpointPlan } from './endpoint/endpoint.ts'
import type { SubscriptionSettings } from './graphql/config.ts'
import type { DocumentsPlan } from './graphql/documents.ts'
import type { Taken } from './slots.ts'

/** A per-client module as the plan knows it: a graph, and what of it is served how. */
export type BffPlan = {
  readonly name: string
  readonly prefix: string
  readonly graph: Graph
  /** Whether the graph is served under `<prefix>/graphql`. */
  readonly graphql: boolean
  readonly endpoints: readonly EndpointPlan[]
  /** Absolute path of the resolver module. */
  readonly resolvers: string | undefined
  readonly limits: OperationLimits & { readonly json: JsonLimits }
  /** Counts what an operation costs; undefined where `limits.cost` is not set. */
  readonly cost?: CostMeter | undefined
  /** Whether identical queries in flight are executed once. */
  readonly shareOperations: boolean
  /** Which callers may ask how an answer came about; nobody in production where undefined. */
  readonly explain: AccessRule | undefined
  readonly documents: DocumentsPlan
  /** Whether clients may read the schema; undefined leaves it to the mode. */
  readonly introspection: boolean | undefined
  /** Whether errors suggest names of the schema; undefined leaves it to the mode. */
  readonly suggestions: boolean | undefined
  readonly subscriptions: SubscriptionSettings
}

/** Charges an operation by what it plans and selects. Throws Problem, or rejects with it, past a limit. */
export type ChargeOperation = (
  units: {
    readonly calls: () => number
    readonly cost: () => number | undefined
    readonly selected: ReadonlyMap<string, number>
  },
  asked: Pick<FastifyRequest, 'caller' | 'headers'>,
  reply: FastifyReply | undefined,
) => undefined | Promise<void>

/** Charges a message of a WebSocket that asks for something. Rejects with Problem past a limit. */
export type ChargeMessage = (asked: Pick<FastifyRequest, 'caller' | 'headers'>) => Promise<void>

/** What a mounted BFF runs with. */
export type BffRuntime = {
  readonly tools: GraphTools & Connected
  readonly log: Logger
  /** What is hidden in answers; undefined where nothing is. */
  readonly masks?: Masks | undefined
  readonly observePartial: (bff: string, service: string) => void
  /** Told of callers whose proof ended while a WebSocket or event stream was open, which then is closed. */
  readonly observeExpired?: ((caller: Caller) => void) | undefined
  /** WebSockets and event streams that are open, whatever generation they belong to. */
  readonly openStreams: Taken
  readonly observeOpenSocket?: SocketObserver | undefined
  /** Told of the values an answer lacks because something failed. */
  readonly observeMissing?: ((bff: string, missing: MissingValues) => void) | undefined
  /** Whether everybody may ask how an answer came about, as in development. */
  readonly explainsToAll?: boolean
  /** Operations in flight, of all BFFs. */
  readonly sharedOperations: SharedOperations
  /** Told of every operation that was answered by another's execution. */
  readonly observeShared: (bff: string) => void
  /** Charges limits that count what operations do; undefined where nothing limits that. */
  readonly charge?: ChargeOperation | undefined
  /** Charges limits that count requests for each subscription of a WebSocket; undefined where there are none. */
  readonly chargeMessage?: ChargeMessage | undefined
  /** Told the static cost of every operation, where costs are counted. */
  readonly observeCost?: ((bff: string, cost: number) => void) | undefined
}

/** Services whose part is missing, each once; what the gateway itself refused stands as `gateway`. */
export const missingServices = (failures: readonly Failure[]): readonly string[] => [
  ...new Set(failures.map(({ problem }) => problem.service ?? 'gateway')),
]

/** Values of one field that answers lack for one reason. */
export type MissingValues = {
  /** Of a field of the schema. */
  readonly coordinate: string
  readonly reason: Reason
  readonly count: number
}

/** What a caller did wrong or lacks: no fault of a service, nothing an operator could mend. */
const callersOwn: ReadonlySet<string> = new Set([
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'CANCELLED',
])

/** Tells operators what became of a partial answer: causes go to the log, never to the client. */
export const reportFailures = (
  failures: readonly Failure[],
  { bff, requestId, runtime }: { readonly bff: string; readonly requestId: string; readonly runtime: BffRuntime },
): void => {
  for (const missing of missingValues(failures)) runtime.observeMissing?.(bff, missing)
  const faults = failures.filter(({ problem }) => !callersOwn.has(problem.code))
  for (const service of missingServices(faults)) runtime.observePartial(bff, service)
  const [first] = faults
  if (first === undefined) return
  const { problem, coordinate } = first
  const missing = missingValues(faults).slice(0, mostMissing)
  const told = { ...logged(problem), failures: faults.length, missing }
  runtime.log.warn({ requestId, bff, coordinate, ...told }, 'partial answer')
}

/** Fields and reasons that one line names; its `failures` counts all. */
const mostMissing = 10

const missingValues = (failures: readonly Failure[]): readonly MissingValues[] => {
  const counts = new Map<string, MissingValues>()
  for (const { coordinate, problem } of failures) {
    const { reason } = problem
    const name = `${coordinate} ${reason}`
    counts.set(name, { coordinate, reason, count: (counts.get(name)?.count ?? 0) + 1 })
  }
  return [...counts.values()]
}
