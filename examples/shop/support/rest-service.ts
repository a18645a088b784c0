import { setTimeout as delay } from 'node:timers/promises'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type CallRecorder, recordCalls } from './calls.ts'
import { startControl } from './control.ts'
import { type FaultBook, faultBook, type RestFault, restFault } from './faults.ts'
import type { RunningService, ServiceOptions } from './running-service.ts'

export interface RestTools {
  readonly faults: FaultBook<RestFault>
  readonly calls: CallRecorder
}

export interface RestDefinition {
  readonly name: string
  readonly routes: (app: FastifyInstance, tools: RestTools) => void
}

/** Runs a REST service that records its calls and meets its faults. */
export async function startRestService(
  { name, routes }: RestDefinition,
  { port = 0, host = '127.0.0.1', control = false }: ServiceOptions,
): Promise<RunningService<RestFault>> {
  const tools: RestTools = { faults: faultBook(), calls: recordCalls() }
  const app = Fastify({ forceCloseConnections: true, ajv: { customOptions: { removeAdditional: false } } })
  watch(app, tools)
  routes(app, tools)

  const address = await app.listen({ port, host })
  const controller = control === false ? undefined : await startControl(control, { ...tools, faultShape: restFault })
  return {
    name,
    address,
    port: Number(new URL(address).port),
    ...(controller && { controlUrl: controller.url }),
    ...tools,
    async close() {
      await Promise.all([app.close(), controller?.close()])
    },
  }
}

/** The names by which `on` finds a REST call. */
export const namesOf = (method: string, url: string): readonly string[] => [url, `${method} ${url}`]

function watch(app: FastifyInstance, { faults, calls }: RestTools): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.raw.once('close', () => {
      if (!reply.raw.writableEnded) calls.addCancelled()
    })
  })
  // Once the body is here: a caller that gives up on a slow write does not undo it.
  app.addHook('preValidation', async (request, reply) => {
    calls.add(recorded(request))
    const fault = faults.take(namesOf(request.method, request.url))
    if (fault) await misbehave(fault, reply)
  })
  // Also unknown paths are recorded: Fastify runs hooks for a not-found handler of one's own only.
  app.setNotFoundHandler(async (request, reply) =>
    reply.code(404).send({ statusCode: 404, error: 'Not Found', message: `No ${request.method} ${request.url} here.` }),
  )
}

function recorded({ method, url, headers, body }: FastifyRequest) {
  const ids = new URL(url, 'http://service').searchParams.get('ids')
  return {
    name: `${method} ${url}`,
    headers,
    ...(ids !== null && { keys: ids.split(',').length }),
    ...(body !== undefined && { body }),
  }
}

/** Sends or hijacks the reply where the call is to end here, which keeps Fastify from going on. */
async function misbehave(fault: RestFault, reply: FastifyReply): Promise<void> {
  switch (fault.mode) {
    case 'ok':
      return
    case 'slow':
      await delay(fault.delayMs, undefined, { ref: false })
      return
    case 'fail':
      if (fault.retryAfterSeconds !== undefined) reply.header('retry-after', fault.retryAfterSeconds)
      reply.code(fault.status).send({ statusCode: fault.status, message: 'Told to fail.' })
      return
    case 'hang':
      reply.hijack()
      return
    case 'garbage':
      reply.type('application/json').send('{"items": [,')
      return
    case 'half': {
      const { socket } = reply.raw
      reply.hijack()
      reply.raw.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 })
      reply.raw.end('{"items": [', () => socket?.destroy())
    }
  }
}
