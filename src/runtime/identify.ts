import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Clock } from '../kernel/clock.ts'
import { isGrpc } from '../kernel/grpc.ts'
import { Problem } from '../kernel/problem.ts'
import { guardUpgrade } from '../kernel/upgrade.ts'
import { notAllowed } from './methods.ts'
import { type Routing, takeBackUrl } from './routing.ts'

/**
 * Says of every request who asks, when its time is over and what its path is, before any policy looks. One hook: each
 * costs every request a turn through Fastify's runner.
 */
export const identify = (
  app: FastifyInstance,
  {
    clock,
    budgetMs,
    hsts,
    allowAt,
  }: { clock: Clock; budgetMs: number; hsts: string | undefined; allowAt: Routing['allowAt'] },
): void => {
  app.decorateRequest('caller', null as never)
  app.decorateRequest('deadline', 0)
  app.decorateRequest('pattern', undefined)
  app.decorateRequest('sentUrl', undefined)
  app.decorateRequest('upgraded', false)
  app.decorateRequest('provesLater', false)
  app.decorateRequest('canonicalPath', {
    getter() {
      const { url } = this
      const mark = url.indexOf('?')
      return mark < 0 ? url : url.slice(0, mark)
    },
  })
  app.addHook('onRequest', (request, reply, done) => {
    request.caller = { identity: undefined, address: request.ip, requestId: request.id }
    request.deadline = clock.now() + budgetMs
    reply.header('x-request-id', request.id)
    if (hsts !== undefined) reply.header('strict-transport-security', hsts)
    guardUpgrade(request, reply)
    const { url: address = '/' } = request.raw
    const refused = takeBackUrl(request)
    // Here already, for Fastify reads a body before it says that there is nothing.
    if (refused === undefined && request.is404) {
      const allow = allowAt(address)
      done(allow === undefined ? nothingFor(request) : notAllowed(allow))
    } else done(refused)
  })
}

/** What is said where nothing is. */
export const nothingFor = ({ raw }: FastifyRequest): Problem =>
  // What gRPC says of a method that nobody has.
  isGrpc(raw)
    ? new Problem('UNIMPLEMENTED', 'There is no such method.')
    : new Problem('NOT_FOUND', 'There is nothing at this address.')
