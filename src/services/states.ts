import type { BreakerState } from './guards/breaker.ts'
import type { ServiceState, TargetReport } from './state.ts'

/** What several processes know of the same services, as one: loads added up, and of what they think the worst. */
export const statesTogether = (processes: readonly (readonly ServiceState[])[]): readonly ServiceState[] =>
  [...Map.groupBy(processes.flat(), ({ name }) => name).values()].map((states) => {
    const [first] = states as [ServiceState]
    const breaker = worst(
      states.flatMap((state) => state.breaker ?? []),
      breakerStates,
    )
    const ownBreakers = ownTogether(states.flatMap((state) => state.ownBreakers ?? []))
    return {
      name: first.name,
      kind: first.kind,
      ...(breaker === undefined ? {} : { breaker }),
      ...(ownBreakers.length === 0 ? {} : { ownBreakers }),
      retryBudget: {
        calls: sum(states, ({ retryBudget }) => retryBudget.calls),
        tries: sum(states, ({ retryBudget }) => retryBudget.tries),
        room: states.every(({ retryBudget }) => retryBudget.room),
      },
      active: sum(states, ({ active }) => active),
      targets: [
        ...Map.groupBy(
          states.flatMap(({ targets }) => targets),
          ({ target }) => target,
        ).values(),
      ].map((reports) => targetTogether(reports as [TargetReport, ...TargetReport[]])),
    }
  })

const breakerStates: readonly BreakerState[] = ['open', 'trial', 'closed']

const ownTogether = (reports: NonNullable<ServiceState['ownBreakers']>): NonNullable<ServiceState['ownBreakers']> =>
  [...Map.groupBy(reports, ({ of }) => of)].map(([of, same]) => ({
    of,
    breaker:
      worst(
        same.map(({ breaker }) => breaker),
        breakerStates,
      ) ?? 'closed',
  }))

const targetTogether = (reports: readonly [TargetReport, ...TargetReport[]]): TargetReport => {
  const [{ target, name, priority, part }] = reports
  const latencies = reports.flatMap(({ latencyMs }) => latencyMs ?? [])
  return {
    target,
    name,
    state:
      worst(
        reports.map(({ state }) => state),
        ['unhealthy', 'ejected', 'unreachable', 'trial'],
      ) ?? 'up',
    weight: Math.min(...reports.map(({ weight }) => weight)),
    priority,
    ...(part === undefined ? {} : { part }),
    active: sum(reports, ({ active }) => active),
    ...(latencies.length === 0 ? {} : { latencyMs: Math.max(...latencies) }),
  }
}

const sum = <One>(all: readonly One[], of: (one: One) => number): number =>
  all.reduce((total, one) => total + of(one), 0)

/** The first in the order that is among them. */
const worst = <State>(states: readonly State[], order: readonly State[]): State | undefined =>
  order.find((state) => states.includes(state))
