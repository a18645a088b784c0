import type { Plan } from '../compile/plan.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Generation } from './generation.ts'
import { type Listener, openListener, type SidePort } from './listener.ts'
import { openProbes, type Readiness } from './probes.ts'

export type PortTools = {
  /** The generation that gets the next request. */
  readonly current: () => Generation
  readonly readiness: () => Readiness
  readonly metrics: Metrics
  /** A worker has none: its primary answers probes for all. */
  readonly probed: boolean
}

/** The ports of clients and probes. They outlive generations, but for those that a plan moves. */
export type Ports = {
  readonly listener: Listener
  readonly probes: SidePort | undefined
  /**
   * Opens what another plan wants elsewhere, beside what is open. Rejects with Node's own error where an address
   * cannot be had, and then leaves nothing open.
   */
  move(from: Plan, to: Plan): Promise<Move>
}

/** Ports that are open and not yet the gateway's. */
export type Move = {
  readonly ports: Ports
  /** Ends those that were moved away from: what they have begun is answered, and the rest is cut in that time. */
  leave(withinMs: number): Promise<void>
  discard(): Promise<void>
}

/** Opens the ports of a plan. Rejects with Node's own error where one cannot be had. */
export const openPorts = async (plan: Plan, tools: PortTools): Promise<Ports> => {
  const listener = await openListenerOf(plan, tools)
  try {
    return portsOf(listener, await openProbesOf(plan, tools), tools)
  } catch (error) {
    await listener.close()
    throw error
  }
}

const openListenerOf = ({ listen, limits }: Plan, { current }: PortTools): Promise<Listener> =>
  openListener({ address: listen, maxHeaderBytes: limits.headers, current })

const openProbesOf = async ({ probes }: Plan, { probed, ...tools }: PortTools): Promise<SidePort | undefined> =>
  probes === undefined || !probed ? undefined : openProbes(probes, tools)

const portsOf = (listener: Listener, probes: SidePort | undefined, tools: PortTools): Ports => ({
  listener,
  probes,
  async move(from, to) {
    const listens = same(from.listen, to.listen) ? listener : await openListenerOf(to, tools)
    const leave = async (gone: Listener, withinMs: number): Promise<void> => {
      const closed = gone.close()
      const timer = setTimeout(() => gone.cut(), withinMs)
      await closed
      clearTimeout(timer)
    }
    let probing: SidePort | undefined
    try {
      probing = same(from.probes, to.probes) ? probes : await openProbesOf(to, tools)
    } catch (error) {
      if (listens !== listener) await listens.close()
      throw error
    }
    return {
      ports: portsOf(listens, probing, tools),
      async leave(withinMs) {
        listens.limitHeaders(to.limits.headers)
        await Promise.all([
          listens === listener ? undefined : leave(listener, withinMs),
          probing === probes ? undefined : probes?.close(),
        ])
      },
      async discard() {
        await Promise.all([
          listens === listener ? undefined : listens.close(),
          probing === probes ? undefined : probing?.close(),
        ])
      },
    }
  },
})

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
