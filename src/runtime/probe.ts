import type { Plan } from '../compile/plan.ts'
import { connectBindings } from '../graph/connect.ts'
import type { Binding } from '../graph/graph.ts'
import { type Ask, probeGraph } from '../graph/probe/probe.ts'
import type { Samples } from '../graph/probe/samples.ts'
import type { RenderedRequest } from '../graph/request.ts'
import { systemClock as clock } from '../kernel/clock.ts'
import type { Diagnostic } from '../kernel/diagnostic.ts'
import { Aborter } from '../kernel/signal.ts'
import type { CallContext } from '../services/call.ts'
import { connectServices } from '../services/connect.ts'
import { createResources } from '../services/resources.ts'

export type ProbeSettings = {
  readonly samples: Samples
  /** By lower-case name. `authorization` reaches services with `identity: forward`, others placeholders alone. */
  readonly headers: Readonly<Record<string, string>>
  /** Told of every binding that was asked or will not be, a line each. */
  readonly tell: (line: string) => void
}

/** How long a probe may take in all, and one call of it; services' own timeouts and sizes of answers hold too. */
const wholeMs = 60_000
const callMs = 5_000

/** Asks all read-only bindings of a plan, and says where answers are not what the schemas say. Changes nothing. */
export const probePlan = async (
  plan: Plan,
  { samples, headers, tell }: ProbeSettings,
): Promise<readonly Diagnostic[]> => {
  const resources = createResources()
  const connectors = connectServices(plan.services.values(), resources, { clock })
  const until = clock.now() + wholeMs
  // Schema files of several BFFs are asked once.
  const answered = new Map<string, ReturnType<Ask>>()
  const told = new Set<string>()
  const found: Diagnostic[] = []
  try {
    for (const { served } of plan.bffs) {
      const { invokes } = connectBindings(served.graph.bindings, connectors, {
        clock,
        sharing: { share: (_binding, invoke) => invoke },
      })
      const ask: Ask = (binding, request) => {
        const key = keyOf(binding, request)
        const asked = answered.get(key) ?? invokes[binding.index]?.(request, contextOf(headers))
        if (asked === undefined) throw new Error(`${binding.coordinate} is not connected.`)
        answered.set(key, asked)
        return asked
      }
      found.push(
        ...(await probeGraph(served.graph, {
          samples,
          operations: served.endpoints.map(({ operation }) => operation),
          headers,
          ask,
          clock,
          until,
          tell(line) {
            const [, what = line] = /^\w+ +(.*?)( {2}\d+ ms)?$/.exec(line) ?? []
            if (!told.has(what)) tell(line)
            told.add(what)
          },
        })),
      )
    }
  } finally {
    await Promise.all([...connectors.values()].map((connector) => connector.release()))
    await resources.closeAll()
  }
  return [
    ...new Map(found.map((one) => [`${one.code} ${one.coordinate} ${one.place.file}:${one.place.line}`, one])).values(),
  ]
}

const keyOf = ({ request }: Binding, { identity }: RenderedRequest): string =>
  `${request.service} ${request.kind === 'rest' ? request.method : request.method.path} ${identity}`

const contextOf = (headers: ProbeSettings['headers']): CallContext => ({
  signal: new Aborter(),
  deadline: clock.now() + callMs,
  caller: { identity: undefined, address: '127.0.0.1', requestId: 'probe' },
  forward: { authorization: headers['authorization'] },
})
