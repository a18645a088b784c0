import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type RouteShorthandOptions,
} from 'fastify'
import { type Logger, pino } from 'pino'
import { systemClock } from '../../../../src/kernel/clock.ts'
import { canonicalPath } from '../../../../src/kernel/path.ts'
import { asProblem, Problem, problemJson } from '../../../../src/kernel/problem.ts'
import { Aborter } from '../../../../src/kernel/signal.ts'
import { guardUpgrade } from '../../../../src/kernel/upgrade.ts'
import { compileMatch, type RouteMatch } from '../../../../src/routes/match/match.ts'
import { createRouter } from '../../../../src/routes/match/router.ts'
import { mountProxy } from '../../../../src/routes/proxy/mount.ts'
import type { ProxyRoute } from '../../../../src/routes/proxy/route.ts'
import { proxyMethods } from '../../../../src/routes/proxy/route.ts'
import { createStaleAnswers } from '../../../../src/routes/proxy/stale.ts'
import { createResources } from '../../../../src/services/resources.ts'
import { connectRest } from '../../../../src/services/rest/connector.ts'
import type { RestService } from '../../../../src/services/service.ts'
import { targetsAt } from '../../../support/targets.ts'

export type GatewaySettings = {
  readonly origin: string
  readonly route?: Partial<Omit<ProxyRoute, 'service'>>
  readonly service?: Partial<RestService>
  readonly hooks?: RouteShorthandOptions
  readonly trustProxy?: string[]
  /** More routes to the same service, by path. */
  readonly more?: readonly string[]
  /** What else is put on the app, after the proxy routes. */
  readonly after?: (app: FastifyInstance) => void
  readonly budgetMs?: number
}

export type Gateway = {
  readonly origin: string
  readonly port: number
  readonly logged: readonly string[]
  readonly drain: () => void
}

/** A small app with what the proxy needs of the whole gateway: canonical paths, callers and problem replies. */
export const startGateway = async (t: TestContext, settings: GatewaySettings): Promise<Gateway> => {
  const logged: string[] = []
  const log: Logger = pino({ level: 'warn' }, { write: (line: string) => logged.push(line) })
  const appLog: FastifyBaseLogger = log
  const resources = createResources()
  const stop = new Aborter()
  const service: RestService = {
    kind: 'rest',
    name: 'users',
    origin: settings.origin,
    targets: targetsAt(settings.origin),
    basePath: '',
    identity: 'forward',
    timeoutMs: 5_000,
    concurrency: { max: 512, queue: 512 },
    maxAnswerBytes: 1_000_000,
    tls: undefined,
    ...settings.service,
  }
  const connector = connectRest(service, resources, { clock: systemClock })
  const app = fastify({
    frameworkErrors: (_error, request, reply) => {
      guardUpgrade(request, reply)
      ;(reply as FastifyReply).code(400).send()
    },
    loggerInstance: appLog,
    forceCloseConnections: true,
    ...(settings.trustProxy === undefined ? {} : { trustProxy: settings.trustProxy }),
    rewriteUrl: (raw) => {
      direct(raw)
      return raw.url ?? '/'
    },
  })
  const direct = (raw: IncomingMessage & { target?: string }): void => {
    const { url = '' } = raw
    if (raw.target !== undefined) return
    const path = canonicalPath(url)
    const query = url.slice(url.indexOf('?') < 0 ? url.length : url.indexOf('?'))
    raw.target = path === undefined ? '/%' : path + query
    raw.url = raw.target
    const site = router.find(raw)
    if (site !== undefined) raw.url = site.address + query
  }
  // No listener of its own: http-proxy asks whether it is the only one.
  const emit = app.server.emit.bind(app.server)
  app.server.emit = ((event: string, ...given: [IncomingMessage]) => {
    if (event === 'upgrade') direct(given[0])
    return emit(event, ...given)
  }) as typeof app.server.emit
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    raw.url = (raw as { target?: string }).target ?? '/'
    done()
  })
  app.decorateRequest('canonicalPath', '')
  app.decorateRequest('deadline', 0)
  app.decorateRequest('caller')
  app.addHook('onRequest', (request, reply, done) => {
    guardUpgrade(request, reply)
    done()
  })
  app.setNotFoundHandler((_request, reply) => {
    reply.code(404).send()
  })
  app.addHook('onRequest', (request, _reply, done) => {
    request.canonicalPath = request.url.split('?')[0] as string
    request.deadline = systemClock.now() + (settings.budgetMs ?? 10_000)
    request.caller = { identity: undefined, address: request.ip, requestId: request.id }
    done()
  })
  app.setErrorHandler((error, _request, reply) => {
    const problem = asProblem(error)
    reply.code(problem.status).send(problemJson(problem))
  })
  const path = settings.route?.path ?? '/users/*'
  const routes = [path, ...(settings.more ?? [])].map((each, i) =>
    routeOf(each, service, i === 0 ? settings.route : {}),
  )
  const matches = new Map(routes.map((route) => [route, compileMatch(route)]))
  const router = createRouter([...matches.values()], { addressOf: () => '', hostOf: () => '' })
  mountProxy(app, routes, {
    isPlain: (route) => route.path !== path || settings.hooks === undefined,
    addresses: router.addresses,
    addressFor: (route) => router.addressOf(matches.get(route) as RouteMatch),
    connectors: new Map([[service.name, connector]]),
    hooksFor: (route) => (route.path === path ? (settings.hooks ?? {}) : {}),
    log,
    clock: systemClock,
    stale: createStaleAnswers(systemClock),
    openCounts: new Map(),
    stop,
    drainMs: 1_000,
    problemReply: (reply, problem) => writeProblem(reply, problem),
  })
  settings.after?.(app)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.after(async () => {
    await resources.closeAll()
    stop.abort()
    await app.close()
  })
  const { port } = app.server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${port}`, port, logged, drain: () => stop.abort() }
}

const routeOf = (path: string, service: RestService, settings: GatewaySettings['route']): ProxyRoute => ({
  name: `routes.${path}`,
  path,
  prefix: path.replace(/\/\*$/, ''),
  below: path.endsWith('/*'),
  service,
  methods: proxyMethods,
  rewrite: undefined,
  host: undefined,
  websocket: undefined,
  retry: service.resilience?.retry,
  timeoutMs: service.timeoutMs,
  maxBodyBytes: 1_048_576,
  ...settings,
})

const writeProblem = ({ raw }: FastifyReply, problem: Problem): void => {
  const body = JSON.stringify(problemJson(problem))
  const headers = { ...problem.headers, 'content-type': 'application/problem+json' }
  raw.writeHead(problem.status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}

export const listen = async (server: {
  listen(port: number, host: string): unknown
  address(): unknown
}): Promise<string> => {
  server.listen(0, '127.0.0.1')
  await once(server as never, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export type Upstream = { readonly origin: string; readonly server: Server; readonly sockets: readonly Socket[] }

/** A service that speaks HTTP. */
export const startService = async (t: TestContext, answer: RequestListener): Promise<Upstream> => {
  const server = createServer(answer)
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => sockets.push(socket))
  const origin = await listen(server)
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { origin, server, sockets }
}

/** Sends bytes as they are and gives back all bytes of the answer, up to the end of the connection. */
export const exchangeBytes = async (port: number, ...parts: readonly string[]): Promise<string> => {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk
  })
  socket.on('error', () => {})
  await once(socket, 'connect')
  for (const part of parts) socket.write(part, 'latin1')
  await once(socket, 'close')
  return answer
}
