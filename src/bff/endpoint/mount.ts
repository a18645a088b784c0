import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { ExecutionResult } from '../../graph/execute/execute.ts'
import type { Failure } from '../../graph/execute/project.ts'
import { coerceVariables } from '../../graph/operation.ts'
import { dig } from '../../graph/template.ts'
import { Problem } from '../../kernel/problem.ts'
import { type BffPlan, type BffRuntime, missingServices } from '../bff.ts'
import { readLossless } from '../lossless-body.ts'
import { runOperation } from '../run-operation.ts'
import type { EndpointPlan } from './endpoint.ts'
import { inputReader } from './inputs.ts'

/** Serves a BFF's stored operations, each as a route of its own, in one scope. */
export const mountEndpoints = (
  app: FastifyInstance,
  bff: BffPlan,
  { runtime, hooks }: { runtime: BffRuntime; hooks: RouteShorthandOptions },
): void => {
  if (bff.endpoints.length === 0) return
  app.register((scope, _options, done) => {
    readLossless(scope)
    for (const endpoint of bff.endpoints) {
      const { method, path } = endpoint
      scope.route({
        ...hooks,
        method,
        url: bff.prefix + path.replaceAll(/\{(\w+)\}/g, ':$1'),
        handler: answer(endpoint, { bff, runtime }),
      })
    }
    done()
  })
}

const answer = (endpoint: EndpointPlan, { bff, runtime }: { bff: BffPlan; runtime: BffRuntime }) => {
  const { operation } = endpoint
  const read = inputReader(endpoint.inputs)
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const coerced = coerceVariables(bff.graph, operation, read(request))
    if ('errors' in coerced)
      throw new Problem('INVALID_ARGUMENT', coerced.errors.map(({ message }) => message).join(' '))
    const result = await runOperation({ bff, runtime, operation, variables: coerced.values }, request, reply)
    return send(reply, endpoint, result)
  }
}

const send = (reply: FastifyReply, endpoint: EndpointPlan, { data, failures }: ExecutionResult): FastifyReply => {
  const missing = endpoint.require.find((path) => data === null || isMissing(data, path))
  if (data === null || missing !== undefined) throw whyMissing(missing ?? [], failures)
  const body = endpoint.unwrap.length === 0 ? data : dig(data, endpoint.unwrap)
  reply.code(endpoint.status).header('content-type', 'application/json; charset=utf-8')
  if (failures.length === 0) return reply.send(JSON.stringify(body ?? null))
  reply.header('portico-partial', missingServices(failures).join(', ')).header('cache-control', 'no-store')
  const marked = typeof body === 'object' && body !== null && !Array.isArray(body)
  return reply.send(
    JSON.stringify(marked ? { ...body, _errors: errorEntries(failures, endpoint.unwrap) } : (body ?? null)),
  )
}

const isMissing = (data: object, path: readonly string[]): boolean => {
  const value = dig(data, path)
  return value === null || value === undefined
}

/** The failure that took a required value away, or that it was not found. */
const whyMissing = (path: readonly string[], failures: readonly Failure[]): Problem => {
  const why = failures.find((failure) =>
    path.every((name, index) => failure.path[index] === undefined || failure.path[index] === name),
  )
  return why?.problem ?? new Problem('NOT_FOUND', `There is no ${path.join('.') || 'answer'} for this request.`)
}

/** Failures as the `_errors` of an answer, their paths as the body has them. */
const errorEntries = (failures: readonly Failure[], unwrap: readonly string[]): readonly object[] =>
  failures.map(({ path, problem: { code, service } }) => ({
    path: unwrap.every((name, index) => path[index] === name) ? path.slice(unwrap.length) : path,
    code,
    ...(service === undefined ? {} : { service }),
  }))
