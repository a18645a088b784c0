import type { FastifyReply, FastifyRequest } from 'fastify'
import { refusal } from '../graph/execute/access.ts'
import type { AccessRule } from '../graph/graph.ts'

/** By it a client asks how its answer came about, and the answer says whether it tells. */
const header = 'portico-explain'

/** Callers who have all of these scopes. */
export const withScopes = (scopes: readonly string[]): AccessRule => ({ public: false, scopes: [scopes], claims: {} })

/**
 * Whether a request asks for an explanation and gets one. Where it asks, a header of the answer says `1`, `off` where
 * nobody may ask, or `denied` and the scopes that are needed: the answer itself is as ever then.
 */
export const isExplained = (
  { headers, caller: { identity } }: FastifyRequest,
  reply: FastifyReply,
  { rule, toAll }: { readonly rule: AccessRule | undefined; readonly toAll: boolean },
): boolean => {
  const asked = headers[header]
  if (asked === undefined || asked === '0') return false
  const allowed = toAll || (rule !== undefined && refusal(rule, identity) === undefined)
  reply.header(header, allowed ? '1' : rule === undefined ? 'off' : `denied; scope="${rule.scopes.flat().join(' ')}"`)
  return allowed
}
