import type { Logger } from 'pino'
import type { Connected } from '../graph/connect.ts'
import type { Failure } from '../graph/execute/project.ts'
import type { GraphTools } from '../graph/execute/execute.ts'
import type { Graph } from '../graph/graph.ts'
import type { OperationLimits } from '../graph/limits.ts'
import type { EndpointPlan } from './endpoint/endpoint.ts'

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
  readonly limits: OperationLimits
}

/** What a mounted BFF runs with. */
export type BffRuntime = {
  readonly tools: GraphTools & Connected
  readonly log: Logger
  readonly observePartial: (bff: string, service: string) => void
}

/** Services whose part is missing, each once; what the gateway itself refused stands as `gateway`. */
export const missingServices = (failures: readonly Failure[]): readonly string[] => [
  ...new Set(failures.map(({ problem }) => problem.service ?? 'gateway')),
]

/** Tells operators what became of a partial answer: causes go to the log, never to the client. */
export const reportFailures = (
  failures: readonly Failure[],
  { bff, requestId, runtime }: { bff: string; requestId: string; runtime: BffRuntime },
): void => {
  for (const service of missingServices(failures)) runtime.observePartial(bff, service)
  const [first] = failures
  if (first === undefined) return
  const { problem, coordinate } = first
  runtime.log.warn(
    {
      requestId,
      bff,
      coordinate,
      code: problem.code,
      service: problem.service,
      err: problem.cause ?? problem,
      failures: failures.length,
    },
    'partial answer',
  )
}
