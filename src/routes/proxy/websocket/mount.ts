import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../../kernel/clock.ts'
import { whenClosed } from '../../../kernel/ending.ts'
import { asProblem } from '../../../kernel/problem.ts'
import { guarded } from '../../../services/call.ts'
import { responseHeaders } from '../../../services/rest/headers.ts'
import type { Take } from '../../../services/rest/wire/flight.ts'
import type { ResponseHead } from '../../../services/rest/wire/head.ts'
import { readWish } from '../../../services/targets/affinity.ts'
import { byCalls } from '../apart.ts'
import type { PassOn, ProxyTools } from '../lanes.ts'
import type { ProxyRoute } from '../route.ts'
import { clientHeaders, clientLocation } from '../translate.ts'
import type { WebSocketSettings } from './config.ts'
import { type Answered, checkHandshake, Handshake } from './handshake.ts'
import type { Open } from './open.ts'
import { Tunnel } from './tunnel.ts'

/** What a client has sent behind its handshake. */
const early = new WeakMap<IncomingMessage, Buffer>()

/**
 * Takes upgrades to Fastify's router, where the policies of their route meet them. Of several listeners the first
 * decides: it takes those that are for a route of ours, and where it is the only one all others too, which are refused.
 */
export const listenForUpgrades = (app: FastifyInstance, isOurs: (url: string) => boolean): void => {
  app.server.on('upgrade', (raw: IncomingMessage, socket: Socket, head: Buffer) => {
    if (app.server.listenerCount('upgrade') > 1 && !isOurs(raw.url ?? '')) return
    early.set(raw, head)
    const response = new ServerResponse(raw)
    response.assignSocket(socket)
    app.routing(raw, response)
  })
}

/** What passes on the WebSockets of a route: by a handshake under the guards of its service, then byte by byte. */
export const createTunnels = (
  route: ProxyRoute,
  settings: WebSocketSettings,
  tools: ProxyTools & { open: Open },
): PassOn => {
  const { connectors, problemReply, open, clock } = tools
  const connector = connectors.get(route.service.name)
  if (connector === undefined) throw new Error(`Service ${route.service.name} has no connector.`)
  const way = {
    targets: connector.targets,
    affinity: readWish(route.service.targets),
    introduction: connector.introduction,
  }
  const callOf = byCalls(route, (asked) => ({
    asked,
    call: guarded<Handshake, Answered>((handshake, context) => handshake.run(context), connector.laneGuards(asked), {
      mayRepeat: () => true,
    }),
  }))
  return (request, reply) => {
    checkHandshake(request)
    // It left while a policy waited, and nothing would tell so any more.
    if (request.raw.socket.destroyed) return void reply.hijack()
    const leave = open.enter(route.path, request.caller, settings)
    const { asked, call } = callOf(request)
    const handshake = new Handshake(asked, way, {
      request,
      onSwitch: (head, socket) => {
        const { observeExpired } = tools
        const expired = (): void => observeExpired?.(route.name, request.caller)
        return through(head, socket, { path: route.path, request, reply, settings, open, clock, expired })
      },
    })
    reply.hijack()
    whenClosed(reply.raw, () => {
      leave()
      handshake.leave()
    })
    call(handshake, handshake.context()).then(
      ({ output }) => {
        if (output.socket === undefined) refuse(output, { route, reply })
      },
      (thrown: unknown) => {
        if (!reply.raw.destroyed) problemReply(reply, asProblem(thrown))
      },
    )
  }
}

type Asked = {
  readonly path: string
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly settings: WebSocketSettings
  readonly open: Open
  readonly clock: Clock
  /** Told where it ended because the caller's proof did. */
  readonly expired: () => void
}

/** Both sides have shaken hands. */
const through = (
  head: ResponseHead,
  service: Socket,
  { path, request, reply, settings, open, clock, expired }: Asked,
): Take => {
  const client = request.raw.socket
  const { headers = [] } = responseHeaders(head.headers) ?? {}
  const lines = ['connection', 'upgrade', 'upgrade', 'websocket', ...clientHeaders(headers, reply)]
  let text = 'HTTP/1.1 101 Switching Protocols\r\n'
  for (let i = 0; i + 1 < lines.length; i += 2)
    if (lines[i] !== 'content-length') text += `${lines[i]}: ${lines[i + 1]}\r\n`
  request.upgraded = true
  client.write(`${text}\r\n`, 'latin1')
  const expiresAt = request.caller.identity?.expiresAt
  const expiresInMs = expiresAt === undefined ? undefined : Math.max(0, expiresAt * 1_000 - clock.date())
  const tunnel = new Tunnel(client, service, settings, expiresInMs)
  open.opened(path, tunnel, client)
  client.once('close', () => {
    if (tunnel.ending === 'expired') expired()
  })
  const first = early.get(request.raw)
  if (first !== undefined && first.length > 0) tunnel.takeFromClient(first)
  return (chunk) => tunnel.takeFromService(chunk)
}

/** Gives the client what the service says in the place of a WebSocket. */
const refuse = ({ head, body }: Answered, { route, reply }: { route: ProxyRoute; reply: FastifyReply }): void => {
  const { headers } = responseHeaders(head.headers) ?? { headers: [] }
  clientLocation(headers, route)
  const kept: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2)
    if (headers[i] !== 'content-length') kept.push(headers[i] as string, headers[i + 1] as string)
  reply.raw.writeHead(head.status, [
    ...clientHeaders(kept, reply),
    'connection',
    'close',
    'content-length',
    String(body.length),
  ])
  reply.raw.end(body)
}
