import type { Socket } from 'node:net'
import { type Caller, userOf } from '../../../kernel/caller.ts'
import { Problem } from '../../../kernel/problem.ts'
import type { Signal } from '../../../kernel/signal.ts'
import type { SocketObserver } from '../../../telemetry/observers.ts'
import type { WebSocketSettings } from './config.ts'
import type { Tunnel } from './tunnel.ts'

/** The WebSockets of a generation's proxy routes: counted as they come, with those of generations before, told to go as it ends. */
export type Open = {
  /** Counts one in, its handshake included; what is returned counts it out. Throws Problem past a bound of its route. */
  enter(path: string, caller: Caller, bounds: Pick<WebSocketSettings, 'connections' | 'perClient'>): () => void
  opened(path: string, tunnel: Tunnel, client: Socket): void
  /** Resolves when the last is closed. */
  gone(): Promise<void>
}

export type OpenTools = {
  /** Aborts when the generation drains: WebSockets, which would not end by themselves, are then told to. */
  readonly stop: Signal
  /** How long a generation may take to drain. */
  readonly drainMs: number
  /** What outlives generations of how many are open. */
  readonly openCounts: OpenCounts
  readonly observeOpen?: SocketObserver
  /** Told, by the name of a route, of callers whose proof ended while theirs was open. */
  readonly observeExpired?: (route: string, caller: Caller) => void
}

/** How many are open, by the path of their route. */
export type OpenCounts = Map<string, Counts>

/** Between the goodbyes of two: clients that all come back at once would be a load of their own. */
const goodbyeEveryMs = 10

type Counts = { all: number; readonly byClient: Map<string, number> }

export const createOpen = ({ stop, drainMs, openCounts: routes, observeOpen }: OpenTools): Open => {
  const tunnels = new Set<Tunnel>()
  let none: PromiseWithResolvers<void> | undefined

  const countsOf = (path: string): Counts => {
    let counts = routes.get(path)
    if (counts === undefined) routes.set(path, (counts = { all: 0, byClient: new Map() }))
    return counts
  }
  const goAway = (tunnel: Tunnel): void => {
    const withinMs = Math.min(drainMs / 2, goodbyeEveryMs * tunnels.size)
    const farewell = { code: 1001, reason: 'The gateway is going away. Connect again.' }
    setTimeout(() => tunnel.close('drain', farewell, farewell), Math.random() * withinMs)
  }
  stop.addEventListener('abort', () => {
    for (const tunnel of tunnels) goAway(tunnel)
  })

  return {
    enter(path, caller, { connections, perClient }) {
      const counts = countsOf(path)
      const client = nameOf(caller)
      const own = counts.byClient.get(client) ?? 0
      if (own >= perClient)
        throw new Problem('RESOURCE_EXHAUSTED', `You have ${perClient} WebSockets open here. Close one first.`)
      if (counts.all >= connections)
        throw new Problem('UNAVAILABLE', 'There are too many WebSockets open at the moment.', {
          refused: true,
          reason: 'OVERLOADED',
        })
      counts.all += 1
      counts.byClient.set(client, own + 1)
      return () => {
        counts.all -= 1
        if (counts.all === 0) routes.delete(path)
        const left = (counts.byClient.get(client) ?? 1) - 1
        if (left > 0) counts.byClient.set(client, left)
        else counts.byClient.delete(client)
      }
    },
    opened(path, tunnel, client) {
      tunnels.add(tunnel)
      const counted = observeOpen?.(path)
      tunnel.passed = counted?.passed
      client.once('close', () => {
        tunnels.delete(tunnel)
        counted?.ended(tunnel.ending)
        if (tunnels.size === 0) none?.resolve()
      })
      if (stop.aborted) goAway(tunnel)
    },
    gone() {
      if (tunnels.size === 0) return Promise.resolve()
      none ??= Promise.withResolvers()
      return none.promise
    },
  }
}

/** The user a token names, else an address. */
const nameOf = (caller: Caller): string => userOf(caller) ?? caller.address
