import type { FastifyReply, FastifyRequest } from 'fastify'
import { refusal } from '../graph/execute/access.ts'
import type { AccessRule } from '../graph/graph.ts'
import { accessRule } from '../kernel/access.ts'
import type { BffPlan, BffRuntime } from './bff.ts'

/** By it a client asks how its answer came about, and the answer says whether it tells. */
export const explainHeader = 'portico-explain'

/**
 * Says so where a request asks for an explanation that there will be none, and why: of a request that is refused before
 * anything runs, its error says all there is. What is explained after all says that instead.
 */
export const notExplained = (request: FastifyRequest, reply: FastifyReply, because = 'refused'): void => {
  const asked = request.headers[explainHeader]
  if (asked !== undefined && asked !== '0') reply.header(explainHeader, `none; because="${because}"`)
}

/** Callers who have all of these scopes. */
export const withScopes = (scopes: readonly string[]): AccessRule => accessRule({ scopes: [scopes] })

/**
 * Whether a request asks for an explanation and gets one. Where it asks, a header of the answer says `1`, `off` where
 * nobody may ask, or `denied` and the scopes that are needed: the answer itself is as ever then.
 */
export const isExplained = (
  { bff, runtime }: { readonly bff: Pick<BffPlan, 'explain'>; readonly runtime: Pick<BffRuntime, 'explainsToAll'> },
  request: FastifyRequest,
  reply: FastifyReply,
): boolean => {
  const asked = request.headers[explainHeader]
  if (asked === undefined || asked === '0') return false
  const rule = bff.explain
  const allowed =
    runtime.explainsToAll === true || (rule !== undefined && refusal(rule, request.caller.identity) === undefined)
  reply.header(
    explainHeader,
    allowed ? '1' : rule === undefined ? 'off' : `denied; scope="${rule.scopes.flat().join(' ')}"`,
  )
  return allowed
}
