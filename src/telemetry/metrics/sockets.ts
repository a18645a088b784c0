import { Counter, Gauge, type Registry } from '@prometheus-io/client'
import type { SocketObserver } from '../observers.ts'
import { children } from './children.ts'

/** Of WebSockets. */
export type SocketMetrics = {
  readonly observeOpenSocket: SocketObserver
}

export const socketMetrics = (registry: Registry): SocketMetrics => {
  const registers = [registry]
  const sockets = new Gauge({
    name: 'portico_websockets_open',
    help: 'WebSockets that are open by each route, or by the address of a BFF.',
    labelNames: ['route'],
    registers,
  })
  const socketEnds = new Counter({
    name: 'portico_websockets_ended_total',
    help: 'WebSockets that have ended, by why: a side ended them or broke off, or the gateway did.',
    labelNames: ['route', 'reason'],
    registers,
  })
  const socketMessages = new Counter({
    name: 'portico_websocket_messages_total',
    help: 'Messages of WebSockets, by who sent them; the gateway speaks for the service where it answers itself.',
    labelNames: ['route', 'from'],
    registers,
  })
  const socketMessageChild = children((route: string) =>
    children((from: 'client' | 'service') => socketMessages.labels(route, from)),
  )

  return {
    observeOpenSocket(route) {
      sockets.inc({ route })
      const messagesFrom = socketMessageChild(route)
      return {
        passed: (from, messages) => messagesFrom(from).inc(messages),
        ended(reason) {
          sockets.dec({ route })
          socketEnds.inc({ route, reason })
        },
      }
    },
  }
}
