import type { FastifyReply, FastifyRequest } from 'fastify'
import { dataOf, type ExecutionResult } from '../../graph/execute/execute.ts'
import type { Failure } from '../../graph/execute/write.ts'
import { dig } from '../../graph/template.ts'
import { Problem } from '../../kernel/problem.ts'
import { missingServices } from '../bff.ts'
import { entityTag, isHeld } from './conditional.ts'
import type { EndpointPlan } from './endpoint.ts'

/** The body of an answer. Where something of it failed, `missing` names the services. */
export type EndpointAnswer = {
  readonly body: string
  readonly missing: readonly string[]
  /** The same object for the same body, where that is known. */
  readonly same?: object | undefined
}

/** What a result comes to for an endpoint. Throws what took a required value away. */
export const endpointAnswer = (endpoint: EndpointPlan, result: ExecutionResult): EndpointAnswer => {
  const { failures, text, same } = result
  if (failures.length === 0 && text !== undefined && isWhole(endpoint, result)) return { body: text, missing: [], same }
  const data = dataOf(result)
  const missing = endpoint.require.find((path) => data === null || isMissing(data, path))
  if (data === null || missing !== undefined) throw whyMissing(missing ?? [], failures)
  const { unwrap } = endpoint
  const body = (unwrap.length === 0 ? data : dig(data, unwrap)) ?? null
  const marked = failures.length > 0 && typeof body === 'object' && body !== null && !Array.isArray(body)
  return {
    body: JSON.stringify(marked ? { ...body, _errors: errorEntries(failures, unwrap) } : body),
    missing: missingServices(failures),
  }
}

/** Sends an answer: whole ones to a GET with a validator, and not at all to who holds them already; partial ones marked. */
export const sendAnswer = (
  { status, cache }: EndpointPlan,
  { body, missing, same }: EndpointAnswer,
  {
    request,
    reply,
    coded,
  }: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly coded: boolean },
): FastifyReply => {
  reply.code(status).header('content-type', 'application/json; charset=utf-8')
  if (missing.length > 0)
    return reply.header('portico-partial', missing.join(', ')).header('cache-control', 'no-store').send(body)
  if (cache === undefined) return reply.send(body)
  const tag = entityTag(body, coded && request.headers['accept-encoding'] !== undefined, same)
  reply.header('etag', tag).header('cache-control', cache.control)
  if (cache.vary.length > 0) vary(reply, cache.vary)
  if (!isHeld(request.headers['if-none-match'], tag)) return reply.send(body)
  return reply.code(304).removeHeader('content-type').send()
}

/** What CORS has said of `Vary` stays. */
const vary = (reply: FastifyReply, names: readonly string[]): void => {
  const before = reply.getHeader('vary')
  reply.header('vary', [...(before === undefined ? [] : [before].flat()), ...names].join(', '))
}

/** Whether the text is the body as it stands: nothing to unwrap, and every required root field there. */
const isWhole = ({ unwrap, require }: EndpointPlan, { absent }: ExecutionResult): boolean =>
  unwrap.length === 0 && require.every((path) => path.length === 1 && !absent.includes(path[0] as string))

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
  failures.map(({ path, problem: { code, service }, fallback }) => ({
    path: unwrap.every((name, index) => path[index] === name) ? path.slice(unwrap.length) : path,
    code,
    ...(service === undefined ? {} : { service }),
    ...(fallback === undefined ? {} : { fallback }),
  }))
