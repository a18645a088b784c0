import { z } from 'zod'
import { claimReader } from '../../kernel/access.ts'
import type { Identity } from '../../kernel/caller.ts'
import { isRawNumber, numberText } from '../../kernel/json.ts'
import type { Problem } from '../../kernel/problem.ts'
import { type RefusalReason, refused } from './authenticator.ts'

/** Tokens in the Authorization header (RFC 6750), signed or opaque. */

/** RFC 6750 §3: how a client is asked for a token. */
export const challenge = 'Bearer realm="portico"'

/** RFC 6750 §3.1, `invalid_token`. The sentence names what is wrong, never what would be right. */
export const refusedToken = (reason: RefusalReason, sentence: string, cause?: unknown): Problem =>
  refused(reason, {
    detail: `The token was refused. ${sentence}`,
    challenge: `${challenge}, error="invalid_token"`,
    cause,
  })

/** RFC 6750 §2.1: `Bearer`, one or more spaces, one token. */
export const isBearer = (authorization: string): boolean => /^bearer(?: |$)/i.test(authorization)

/** The end of the year 9999: times past it are mistakes of unit, and dates of JavaScript end not much later. */
const latest = 253_402_300_799

/** A NumericDate (RFC 7519 §2), in seconds; undefined for anything else. */
export const secondsOf = (value: unknown): number | undefined => {
  if (typeof value !== 'number' && !isRawNumber(value)) return undefined
  const seconds = Number(numberText(value))
  return seconds >= 0 && seconds <= latest ? seconds : undefined
}

/** Where a token's roles and groups are. */
export const wordClaims = {
  rolesClaim: z
    .string()
    .min(1)
    .default('roles')
    .describe('The claim that holds roles, a list or one; `realm_access.roles` for a nested one.'),
  groupsClaim: z.string().min(1).default('groups').describe('The claim that holds groups, likewise.'),
}

/** Reads roles and groups of many tokens. */
export const wordsReader = ({
  rolesClaim,
  groupsClaim,
}: {
  readonly rolesClaim: string
  readonly groupsClaim: string
}) => {
  const [roles, groups] = [claimReader(rolesClaim), claimReader(groupsClaim)]
  return (claims: Identity['claims']): Required<Pick<Identity, 'roles' | 'groups'>> => ({
    roles: wordsOf(roles(claims)),
    groups: wordsOf(groups(claims)),
  })
}

/** A list of words, or one: a role may have spaces, so that its name is never taken apart. */
const wordsOf = (claim: unknown): ReadonlySet<string> =>
  new Set([claim].flat().filter((one): one is string => typeof one === 'string' && one !== ''))

/** Scopes of a claim, as a list or separated by spaces. */
export const scopesOf = (claim: unknown): ReadonlySet<string> => {
  if (typeof claim === 'string') return new Set(claim.split(' ').filter((scope) => scope !== ''))
  return new Set(Array.isArray(claim) ? claim.filter((scope) => typeof scope === 'string') : [])
}
