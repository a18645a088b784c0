import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { coerceVariables } from '../../graph/variables.ts'
import { preferredType } from '../../kernel/accept.ts'
import type { AccessRule } from '../../kernel/access.ts'
import { eventStream } from '../../kernel/event-stream.ts'
import { lifetimeHeaders } from '../../kernel/lifetime.ts'
import { Problem } from '../../kernel/problem.ts'
import { shortened } from '../../kernel/shortened.ts'
import type { Signal } from '../../kernel/signal.ts'
import type { BffPlan, BffRuntime } from '../bff.ts'
import { notExplained } from '../explain.ts'
import { readLossless } from '../lossless-body.ts'
import { runOperation } from '../run-operation.ts'
import type { Slots } from '../slots.ts'
import { mismatch } from './access.ts'
import { endpointAnswer, sendAnswer } from './answer.ts'
import type { EndpointPlan } from './endpoint.ts'
import { sendExplained } from './explained.ts'
import { inputReader } from './inputs.ts'
import { streamEvents } from './stream.ts'

export type EndpointHooks = { readonly hooks: RouteShorthandOptions; readonly charged: boolean }

export type EndpointMount = {
  readonly runtime: BffRuntime
  /** The hooks of the policies that stand before it, and whether they charge all its limits, so that running it charges none. */
  readonly hooksFor: (endpoint: EndpointPlan) => EndpointHooks
  readonly budgetMs: number
  readonly slots: Slots
  /** Aborts with a Problem when the gateway stops: event streams then end. */
  readonly stop?: Signal | undefined
}

/** Serves a BFF's stored operations, each as a route of its own, in one scope. */
export const mountEndpoints = (app: FastifyInstance, bff: BffPlan, mount: EndpointMount): void => {
  if (bff.endpoints.length === 0) return
  app.register((scope, _options, done) => {
    readLossless(scope, bff.limits.json)
    for (const endpoint of bff.endpoints) {
      const { method, path } = endpoint
      const found = mount.hooksFor(endpoint)
      scope.route({
        ...found.hooks,
        method,
        url: bff.prefix + path.replaceAll(/\{(\w+)\}/g, ':$1'),
        handler: serve(endpoint, bff, { ...mount, ...found }),
      })
    }
    done()
  })
}

/** Longer messages are cut: graphql-js repeats what the client sent. */
const longestMessage = 500

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

const serve = (
  endpoint: EndpointPlan,
  bff: BffPlan,
  { runtime, hooks, budgetMs, slots, stop, charged }: Omit<EndpointMount, 'hooksFor'> & EndpointHooks,
): Handler => {
  const { operation, lifetime, streams, timeoutMs = budgetMs } = endpoint
  const stored = endpoint.limits.length === 0 ? undefined : endpoint.name
  const sooner = Math.max(0, budgetMs - timeoutMs)
  const read = inputReader(endpoint, bff.prefix)
  const headers = lifetimeHeaders(lifetime)
  const offered = streams ? eventStream.contentType : 'application/json'
  const coded = 'compress' in hooks && hooks.compress !== false
  return async (request, reply) => {
    reply.headers(headers)
    notExplained(request, reply, streams ? 'subscription' : 'refused')
    checkAccept(request, offered)
    const coerced = coerceVariables(bff.graph, operation, read(request))
    if ('errors' in coerced)
      throw new Problem(
        'INVALID_ARGUMENT',
        coerced.errors.map(({ message }) => shortened(message, longestMessage)).join(' '),
      )
    const variables = coerced.values
    const refused = mismatch(endpoint, request.caller, variables)
    if (refused !== undefined) {
      runtime.tools.denied?.(request.caller, refused, endpoint.access as AccessRule)
      throw refused
    }
    if (streams) {
      if (request.method === 'HEAD') return reply.type(offered).header('cache-control', 'no-store').send()
      return streamEvents(
        endpoint,
        { request, reply, variables, charged },
        { bff, runtime, budgetMs: budgetMs - sooner, slots, stop },
      )
    }
    // Policies have taken their share since the request came.
    request.deadline -= sooner
    const result = await runOperation({ bff, runtime, operation, variables, stored, charged }, request, reply)
    const { explanation } = result
    if (explanation !== undefined) return sendExplained(endpoint, { result, explanation }, { request, reply })
    return sendAnswer(endpoint, endpointAnswer(endpoint, result), { request, reply, coded })
  }
}

/** Throws 406 for a client that does not take what it would get (RFC 9110 §15.5.7). */
const checkAccept = ({ headers: { accept } }: FastifyRequest, offered: string): void => {
  if (accept === undefined || accept === offered || accept === '*/*') return
  if (preferredType(accept, [offered]) === undefined)
    throw new Problem('INVALID_ARGUMENT', `This address answers ${offered}.`, { status: 406 })
}
