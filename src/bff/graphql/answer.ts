import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../../kernel/problem.ts'
import type { BffPlan, BffRuntime } from '../bff.ts'
import { runOperation } from '../run-operation.ts'
import { type Origins, refuseCrossSite } from './cross-site.ts'
import { readParameters } from './parameters.ts'
import type { Prepare } from './prepare.ts'
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

/** Answers GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/) from the planner. Rejects with what was not answered. */
export const graphqlAnswer =
  (bff: BffPlan, { runtime, prepare, origins, stream, showCost }: AnswerTools) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    refuseCrossSite(request, origins)
    const parameters = readParameters(request)
    const preparing = prepare(parameters)
    const prepared = preparing instanceof Promise ? await preparing : preparing
    const streamed = wantsEvents(request)
    if ('errors' in prepared) {
      if (streamed) await stream(request, reply, prepared)
      else sendRequestErrors(request, reply, prepared.errors)
      return
    }
    const { operation, variables } = prepared
    const kind = operation.node.operation
    if (kind === 'mutation' && request.method !== 'POST')
      throw new Problem('INVALID_ARGUMENT', 'A GET changes nothing; send mutations by POST.', {
        status: 405,
        headers: { allow: 'POST' },
      })
    if (streamed) {
      await stream(request, reply, prepared)
      return
    }
    if (kind === 'subscription')
      throw new Problem(
        'INVALID_ARGUMENT',
        'Subscriptions are streams: ask with Accept: text/event-stream, or over WebSocket (graphql-transport-ws).',
      )
    const result = await runOperation({ bff, runtime, operation, variables }, request, reply)
    if (!showCost || bff.cost === undefined) sendResult(request, reply, result)
    else {
      const extensions = JSON.stringify({ cost: bff.cost(operation.plan(variables), variables) })
      sendResult(request, reply, { ...result, extensions })
    }
  }
