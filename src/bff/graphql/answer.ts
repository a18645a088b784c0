import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Answered } from '../../graph/explain/run.ts'
import type { Origins } from '../../kernel/origins.ts'
import { Problem } from '../../kernel/problem.ts'
import type { BffPlan, BffRuntime } from '../bff.ts'
import { notExplained } from '../explain.ts'
import { runOperation } from '../run-operation.ts'
import { refuseCrossSite } from './cross-site.ts'
import { readParameters } from './parameters.ts'
import type { Prepare, Prepared } from './prepare.ts'
import { sendRequestErrors, sendResult } from './reply.ts'
import { type StreamAnswer, wantsEvents } from './sse.ts'

export type AnswerTools = {
  readonly runtime: BffRuntime
  readonly prepare: Prepare
  readonly origins: Origins
  readonly stream: StreamAnswer
  /** Whether answers say what they cost. */
  readonly showCost: boolean
}

/** Answers one request: at once where nothing has to be waited for. Throws, or rejects with, what was not answered. */
export type GraphqlAnswer = (request: FastifyRequest, reply: FastifyReply) => void | Promise<void>

/** Answers GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/) from the planner. */
export const graphqlAnswer = (
  bff: BffPlan,
  { runtime, prepare, origins, stream, showCost }: AnswerTools,
): GraphqlAnswer => {
  const streaming = async (prepared: Prepared, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    await stream(request, reply, prepared)
  }
  const run = (prepared: Prepared, request: FastifyRequest, reply: FastifyReply): ReturnType<GraphqlAnswer> => {
    const streamed = wantsEvents(request)
    if ('errors' in prepared) {
      if (streamed) return streaming(prepared, request, reply)
      sendRequestErrors(request, reply, prepared.errors)
      return undefined
    }
    const { operation, variables } = prepared
    const kind = operation.node.operation
    if (kind === 'mutation' && request.method !== 'POST')
      throw new Problem('INVALID_ARGUMENT', 'A GET changes nothing; send mutations by POST.', {
        status: 405,
        headers: { allow: 'POST' },
      })
    if (streamed) {
      if (kind === 'subscription') notExplained(request, reply, 'subscription')
      return streaming(prepared, request, reply)
    }
    if (kind === 'subscription')
      throw new Problem(
        'INVALID_ARGUMENT',
        'Subscriptions are streams: ask with Accept: text/event-stream, or over WebSocket (graphql-transport-ws).',
      )
    // A reply is a thenable, and handing on one that is out already costs further turns of the queue.
    const send = (result: Answered): void => {
      if (!showCost || bff.cost === undefined) sendResult(request, reply, result)
      else {
        const extensions = JSON.stringify({ cost: bff.cost(operation.plan(variables), variables) })
        sendResult(request, reply, { ...result, extensions })
      }
    }
    const running = runOperation({ bff, runtime, operation, variables }, request, reply)
    return running instanceof Promise ? running.then(send) : send(running)
  }
  return (request, reply) => {
    notExplained(request, reply)
    refuseCrossSite(request, origins)
    const preparing = prepare(readParameters(request, bff.limits.json))
    return preparing instanceof Promise
      ? preparing.then((prepared) => run(prepared, request, reply))
      : run(preparing, request, reply)
  }
}
