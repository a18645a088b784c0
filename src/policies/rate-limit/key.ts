import { hash } from 'node:crypto'
import fastifyRateLimit from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import type { Caller, Identity } from '../../kernel/caller.ts'
import { numberText } from '../../kernel/json.ts'

/** What a limit tells callers apart by. */
export type By = 'user' | 'key' | 'plan' | 'ip' | 'global' | { readonly claim: string } | { readonly header: string }

/** What a key is made of. */
export type Asked = { readonly caller: Caller; readonly headers: FastifyRequest['headers'] }

/** Whether callers can be told apart before anybody knows who they are. */
export const knowsNoIdentity = (by: readonly By[]): boolean =>
  by.every((one) => one === 'ip' || one === 'global' || (typeof one === 'object' && 'header' in one))

/**
 * What one caller's requests are counted under. The kinds have prefixes, so that no header or subject can pose as
 * another. Who lacks what is counted by is counted by address.
 */
export const keyBy = (by: readonly By[]): ((asked: Asked) => string) => {
  const [first, ...more] = by.map(partBy)
  if (first === undefined) throw new Error('A limit counts by something.')
  if (more.length === 0) return first
  // Only a hashed or checked text can stand in a part, so that none holds a line break.
  return (asked) => more.reduce((key, part) => `${key}\n${part(asked)}`, first(asked))
}

const partBy = (by: By): ((asked: Asked) => string) => {
  switch (by) {
    case 'ip':
      return ({ caller }) => addressKey(caller.address)
    case 'global':
      return () => 'all'
    case 'user':
      return userKey
    case 'key':
      return (asked) => {
        const { identity } = asked.caller
        const holder = identity?.keyId === undefined ? identity?.beside?.find(hasKey) : identity
        return holder === undefined ? userKey(asked) : `key:${holder.provider}:${holder.keyId}`
      }
    case 'plan':
      return ({ caller: { identity } }) => `plan:${short(planOf(identity, 'plan') ?? '')}`
  }
  if ('claim' in by) {
    const { claim } = by
    return ({ caller: { identity, address } }) => {
      const text = claimText(identity?.claims[claim])
      return identity === undefined || text === undefined
        ? addressKey(address)
        : `claim:${identity.provider}:${claim}:${short(text)}`
    }
  }
  const name = by.header.toLowerCase()
  return ({ headers, caller }) => {
    const value = headers[name]
    // Hashed: the value may be a key that opens something, and it may be long.
    return value === undefined ? addressKey(caller.address) : `header:${hash('sha256', String(value), 'base64url')}`
  }
}

const userKey = ({ caller: { identity, address } }: Pick<Asked, 'caller'>): string =>
  identity?.subject === undefined ? addressKey(address) : `user:${identity.provider}:${short(identity.subject)}`

const hasKey = ({ keyId }: Identity): boolean => keyId !== undefined

/** The plan of a caller: what the provider says of its key, else a claim of its token; undefined where neither does. */
export const planOf = (identity: Identity | undefined, claim: string): string | undefined =>
  identity?.plan ?? claimText(identity?.claims[claim])

const claimText = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  return typeof value === 'number' ? numberText(value) : undefined
}

/** An IPv6 client owns a /64 at least and may use any address of it, so that is what counts. */
export const addressKey = (address: string): string => {
  if (address === knownAddress) return knownKey
  knownAddress = address
  knownKey = `address:${fastifyRateLimit.normalizeIP(address, 64)}`
  return knownKey
}

/** Requests of one client often come one after another, and two limits ask for the same one. */
let knownAddress = ''
let knownKey = ''

const short = (text: string): string =>
  text.length <= 128 && !text.includes('\n') ? text : `sha256:${hash('sha256', text, 'base64url')}`
