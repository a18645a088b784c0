import type { Plan } from '../compile/plan.ts'
import type { HostPort } from '../config/scalars.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Generation } from './generation.ts'
import { type Listener, openListener, type SidePort } from './listener.ts'
import { openProbes, type Readiness } from './probes.ts'
import { openRedirect } from './redirect.ts'

export type PortTools = {
  /** The generation that gets the next request. */
  readonly current: () => Generation
  readonly readiness: () => Readiness
  readonly metrics: Metrics
  /** A worker has none: its primary answers probes for all. */
  readonly probed: boolean
}

/** The ports of clients, and those beside them. They outlive generations, but for those that a plan moves. */
export type Ports = {
  readonly listener: Listener
  readonly probes: SidePort | undefined
  /** Where plain HTTP is sent to https. */
  readonly redirect: SidePort | undefined
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
    const secure = { port: listener.address.port }
    return portsOf(listener, await openSidePorts(plan, { ...tools, secure }), { ...tools, secure })
  } catch (error) {
    await listener.close()
    throw error
  }
}

const openListenerOf = ({ listen, tls, limits }: Plan, { current }: PortTools): Promise<Listener> =>
  openListener({ address: listen, tls, maxHeaderBytes: limits.headers, current })

type Side = 'probes' | 'redirect'
type SidePorts = Readonly<Record<Side, SidePort | undefined>>

const sides: readonly Side[] = ['probes', 'redirect']

const wantedOf = ({ probes, tls }: Plan): Readonly<Record<Side, HostPort | undefined>> => ({
  probes,
  redirect: tls?.redirect,
})

type SideTools = PortTools & {
  /** The port of clients, wherever it moves. */
  readonly secure: { port: number }
}

/** Opens side ports; those that are `kept` are there already. Where one cannot be had, those opened here are closed. */
const openSidePorts = async (plan: Plan, tools: SideTools, kept: Partial<SidePorts> = {}): Promise<SidePorts> => {
  const { probes, redirect } = wantedOf(plan)
  const opened: Partial<Record<Side, SidePort>> = {}
  try {
    if (probes !== undefined && tools.probed && !('probes' in kept)) opened.probes = await openProbes(probes, tools)
    if (redirect !== undefined && !('redirect' in kept))
      opened.redirect = await openRedirect(redirect, () => tools.secure.port)
  } catch (error) {
    await Promise.all(Object.values(opened).map((port) => port.close()))
    throw error
  }
  return { probes: undefined, redirect: undefined, ...opened, ...kept }
}

const portsOf = (listener: Listener, side: SidePorts, tools: SideTools): Ports => ({
  listener,
  ...side,
  async move(from, to) {
    const moved = !same(from.listen, to.listen)
    if (!moved && (from.tls === undefined) !== (to.tls === undefined))
      throw new Error('`tls` cannot come or go on an open port; change `listen` with it, or start the gateway anew')
    const listens = moved ? await openListenerOf(to, tools) : listener
    const kept = Object.fromEntries(
      sides.filter((one) => same(wantedOf(from)[one], wantedOf(to)[one])).map((one) => [one, side[one]]),
    )
    let sidePorts: SidePorts
    try {
      sidePorts = await openSidePorts(to, tools, kept)
    } catch (error) {
      if (moved) await listens.close()
      throw error
    }
    const close = (ports: SidePorts, others: SidePorts): Promise<unknown> =>
      Promise.all(sides.map(async (one) => (ports[one] === others[one] ? undefined : ports[one]?.close())))
    return {
      ports: portsOf(listens, sidePorts, tools),
      async leave(withinMs) {
        tools.secure.port = listens.address.port
        listens.limitHeaders(to.limits.headers)
        if (!moved && to.tls !== undefined && !same(from.tls, to.tls)) listens.renew(to.tls)
        await Promise.all([moved ? leave(listener, withinMs) : undefined, close(side, sidePorts)])
      },
      async discard() {
        await Promise.all([moved ? listens.close() : undefined, close(sidePorts, side)])
      },
    }
  },
})

const leave = async (listener: Listener, withinMs: number): Promise<void> => {
  const closed = listener.close()
  const timer = setTimeout(() => listener.cut(), withinMs)
  await closed
  clearTimeout(timer)
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
