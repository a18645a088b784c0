import httpProxy, { type FastifyHttpProxyOptions } from '@fastify/http-proxy'
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { WebSocket } from 'ws'
import { type Origins, originsOf, refuseForeignSocket } from '../../kernel/origins.ts'
import { Problem } from '../../kernel/problem.ts'
import { isUpgrade } from '../../kernel/upgrade.ts'
import type { ProxyRoute } from './compile.ts'
import type { PassOn, ProxyTools } from './lanes.ts'
import { upstreamHeaders, upstreamHost, upstreamUrl } from './translate.ts'

type WebSocketTools = ProxyTools & { readonly passOn: PassOn }
type OptionTools = WebSocketTools & { readonly origins: Origins }
type WebSocketOptions = FastifyHttpProxyOptions & {
  readonly websocket: true
  readonly wsUpstream: string
  readonly wsHooks: Record<
    'onIncomingMessage' | 'onOutgoingMessage',
    (context: unknown, source: WebSocket, target: WebSocket) => void
  >
}

/**
 * Puts one route that takes WebSockets on a scope of its own. @fastify/http-proxy serves the upgrades, under the
 * route's policies; plain requests take the lane of every other route, before it sees them.
 */
export const mountWebSocket = (scope: FastifyInstance, route: ProxyRoute, tools: WebSocketTools): void => {
  const policies = tools.hooksFor(route)
  const origins = originsOf(policies)
  for (const name of hookNames) {
    const hooks = policies[name] ?? []
    for (const hook of Array.isArray(hooks) ? hooks : [hooks])
      scope.addHook(name as 'onRequest', hook as onRequestHookHandler)
  }
  scope.register(httpProxy, {
    ...options(route, { ...tools, origins }),
    prefix: tools.addressFor(route),
    config: policies.config ?? {},
  })
}

const hookNames = ['onRequest', 'preParsing', 'preHandler', 'onSend', 'onResponse'] as const

/** Never asked, since plain requests take our lane; without it http-proxy opens a pool that verifies no certificate. */
const noClient = {
  request(): never {
    throw new Error('Plain requests take the lane of every other route.')
  },
}

const options = (route: ProxyRoute, { passOn, origins }: OptionTools): WebSocketOptions => {
  const { service } = route
  return {
    upstream: service.origin,
    wsUpstream: service.origin,
    websocket: true,
    rewritePrefix: '/',
    preRewrite: (url) => upstreamUrl(url, route),
    routes: [''],
    httpMethods: [...route.methods],
    undici: noClient,
    preHandler(request, reply, done) {
      if (!isUpgrade(request)) return passOn(request, reply)
      refuseForeignSocket(request, origins)
      done()
    },
    // Reached only by upgrades that another listener routed here, for their raw path did not show that they are ours.
    handler() {
      throw new Problem('INVALID_ARGUMENT', 'This path takes upgrades under its canonical form only.')
    },
    wsServerOptions: { maxPayload: route.maxBodyBytes, perMessageDeflate: false },
    wsClientOptions: {
      rejectUnauthorized: true,
      ...(service.tls?.ca === undefined ? {} : { ca: service.tls.ca }),
      ...(service.tls?.serverName === undefined ? {} : { servername: service.tls.serverName }),
      handshakeTimeout: route.timeoutMs,
      maxPayload: service.maxAnswerBytes,
      perMessageDeflate: false,
      rewriteRequestHeaders: (_headers: unknown, request: FastifyRequest) => handshakeHeaders(request, route),
      finishRequest(request, target) {
        discreet(target)
        request.end()
      },
    } as NonNullable<FastifyHttpProxyOptions['wsClientOptions']>,
    wsHooks: {
      onIncomingMessage: (_context, source, target) => {
        // http-proxy keeps what comes before the service has answered, however much it is.
        if (target.readyState === target.CONNECTING) {
          source.pause()
          target.once('open', () => source.resume())
        } else closeWhereBehind(target, source, route.maxBodyBytes)
      },
      onOutgoingMessage: (_context, source, target) => closeWhereBehind(source, target, service.maxAnswerBytes),
    },
  }
}

/** http-proxy sends on without waiting: a reader that lags by several messages of the largest size is given up. */
const closeWhereBehind = (reader: WebSocket, writer: WebSocket, largest: number): void => {
  if (reader.bufferedAmount <= 4 * largest) return
  writer.close(1013, 'The other side reads too slowly.')
  reader.terminate()
}

/**
 * http-proxy gives an error's message to the client as the close reason: it would name the service's address, and
 * one longer than 123 bytes (RFC 6455 §5.5) would end the process. This listener comes before http-proxy's own.
 */
const discreet = (target: WebSocket): void => {
  target.on('error', (error) => {
    error.message = 'The service failed.'
  })
  // With a listener of http-proxy on it, ws leaves a refused handshake's connection open.
  target.on('unexpected-response', (request) => request.destroy())
}

const handshakeHeaders = (request: FastifyRequest, route: ProxyRoute): Record<string, string | string[]> => {
  const headers: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>
  const host = upstreamHost(request, route)
  if (host !== undefined) headers['host'] = host
  const list = upstreamHeaders(request, route)
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = (list[i] as string).toLowerCase()
    if (name.startsWith('sec-websocket-')) continue // ws makes its own handshake
    const before = headers[name]
    const value = list[i + 1] as string
    headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
  }
  return headers
}
