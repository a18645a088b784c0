import type { IncomingMessage } from 'node:http'
import fastifyWebsocket, { type WebSocket } from '@fastify/websocket'
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import { type Origins, refuseForeignSocket } from '../../kernel/origins.ts'
import { Problem } from '../../kernel/problem.ts'
import { isUpgrade } from '../../kernel/upgrade.ts'
import { guardSocket, type Session, type SessionTools } from './session.ts'

const protocol = 'graphql-transport-ws'

/** Between the goodbyes of two sockets: clients that all come back at once would be a load of their own. */
const goodbyeEveryMs = 2
const goodbyesWithinMs = 2_000

export type Sockets = {
  /** Wraps a hook that refuses callers without a token: a browser says who it is only in `connection_init`. */
  readonly openUpgrade: (hook: onRequestHookHandler) => onRequestHookHandler
  /** Refuses upgrades that are no GraphQL or come from a foreign page. Throws Problem. */
  readonly admit: (request: FastifyRequest) => void
  readonly sessionOf: (socket: WebSocket) => Session | undefined
  /** Declares the WebSocket server of a scope, and its end: sockets are told to go with 1001, one after the other. */
  readonly register: (scope: FastifyInstance) => Promise<void>
}

/** The WebSockets of one BFF. */
export const createSockets = ({ origins, ...tools }: SessionTools & { readonly origins: Origins }): Sockets => {
  const requests = new WeakMap<IncomingMessage, FastifyRequest>()
  const unproven = new WeakSet<IncomingMessage>()
  const sessions = new WeakMap<object, Session>()
  return {
    openUpgrade: (hook) =>
      hook.length < 3
        ? hook
        : function (request, reply, done) {
            if (!isUpgrade(request) || request.headers.authorization !== undefined)
              return hook.call(this, request, reply, done)
            request.provesLater = true
            return hook.call(this, request, reply, (error?: Error) => {
              if (!(error instanceof Problem) || error.code !== 'UNAUTHENTICATED') return done(error)
              unproven.add(request.raw)
              done()
            })
          },
    admit(request) {
      refuseForeignSocket(request, origins)
      const offered = request.headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? []
      if (!offered.includes(protocol))
        throw new Problem('INVALID_ARGUMENT', `A WebSocket speaks ${protocol} here; offer it as its subprotocol.`)
      requests.set(request.raw, request)
    },
    sessionOf: (socket) => sessions.get(socket),
    async register(scope) {
      await scope.register(fastifyWebsocket, {
        options: { maxPayload: tools.settings.message, handleProtocols: () => protocol },
        preClose(done) {
          const clients = [...this.websocketServer.clients]
          const within = Math.min(goodbyesWithinMs, goodbyeEveryMs * clients.length)
          const goodbyes = clients.map((client, index) =>
            setTimeout(
              () => sessions.get(client)?.close('drain', 1001, 'The gateway is going away.'),
              (within * index) / clients.length,
            ),
          )
          setTimeout(() => this.websocketServer.close(() => done()), goodbyes.length === 0 ? 0 : within)
        },
      })
      scope.websocketServer.on('connection', (socket: WebSocket, raw: IncomingMessage) => {
        const request = requests.get(raw)
        if (request === undefined) return socket.close(1008, 'Not admitted')
        request.upgraded = true
        sessions.set(socket, guardSocket(socket, { request, unproven: unproven.has(raw) }, tools))
      })
    },
  }
}
