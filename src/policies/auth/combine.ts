import type { Identity } from '../../kernel/caller.ts'
import { Problem } from '../../kernel/problem.ts'
import { type Authenticator, type Bearer, refused } from './authenticator.ts'
import type { AuthRule } from './config.ts'

/** Who shows what a rule asks for; undefined for a caller who may stay unknown. Throws or rejects with Problem. */
export type Authenticate = (bearer: Bearer) => Identity | Promise<Identity> | undefined

/**
 * The authenticators of a rule as one. What is shown and refused is refused, and never counts as nothing shown: of any
 * of several providers the first listed whose credential is there decides; of all of them each has to.
 */
export const combine = (
  { combine: how, optional }: Pick<AuthRule, 'combine' | 'optional'>,
  authenticators: readonly Authenticator[],
): Authenticate => {
  const challenges = [...new Set(authenticators.map(({ challenge }) => challenge))]
  const find = how === 'anyOf' ? anyOf(authenticators) : allOf(authenticators, challenges)
  const missing = new Problem('UNAUTHENTICATED', wanted(authenticators, how), {
    headers: { 'www-authenticate': challenges.join(', ') },
  })
  const strange = refused('unknown scheme', {
    detail: 'The credential was refused. Its scheme is not one that is accepted here.',
    challenge: challenges.join(', '),
  })
  const twice = refused('ambiguous', {
    detail: 'The credential was refused. There are two Authorization headers.',
    challenge: challenges.join(', '),
  })
  return (bearer) => {
    const { authorization } = bearer.headers
    if (authorization !== undefined && occursTwice(bearer.raw.rawHeaders)) throw twice
    const found = find(bearer)
    if (found instanceof Problem) throw found
    if (found !== undefined) return found
    if (authorization !== undefined && authenticators.length > 0) throw strange
    if (optional) return undefined
    throw missing
  }
}

const wanted = (authenticators: readonly Authenticator[], how: AuthRule['combine']): string => {
  const bearers = authenticators.every(({ challenge }) => challenge.startsWith('Bearer '))
  if (how === 'allOf' && authenticators.length > 1) return 'Several credentials are needed at once.'
  return bearers ? 'A bearer token is needed.' : 'A credential is needed.'
}

const anyOf =
  (authenticators: readonly Authenticator[]): Authenticator['find'] =>
  (bearer) => {
    let unclaimed: { readonly problem: Problem; readonly challenge: string } | undefined
    for (const { find, challenge } of authenticators) {
      const found = find(bearer)
      if (found instanceof Problem) unclaimed ??= { problem: found, challenge }
      // What one of its kind left may be this; a credential of another kind does not make up for it.
      else if (found !== undefined) {
        if (unclaimed === undefined || unclaimed.challenge === challenge) return found
        if (found instanceof Promise) found.catch(() => undefined)
        break
      }
    }
    return unclaimed?.problem
  }

const allOf = (authenticators: readonly Authenticator[], challenges: readonly string[]): Authenticator['find'] => {
  const incomplete = new Problem('UNAUTHENTICATED', 'Several credentials are needed at once.', {
    headers: { 'www-authenticate': challenges.join(', ') },
  })
  return (bearer) => {
    const found: (Identity | Promise<Identity>)[] = []
    for (const { find } of authenticators) {
      const one = find(bearer)
      if (one instanceof Problem) return one
      // Another may be refused first, and then nobody waits for this one.
      if (one instanceof Promise) one.catch(() => undefined)
      if (one !== undefined) found.push(one)
    }
    if (found.length === 0) return undefined
    if (found.length < authenticators.length) return incomplete
    return found.some((one) => one instanceof Promise)
      ? Promise.all(found.map(async (one) => one)).then(together)
      : together(found as Identity[])
  }
}

/** The first, with the others beside it; it ends when the first of them does. */
const together = ([first, ...beside]: readonly Identity[]): Identity => {
  const ends = [first, ...beside].flatMap((one) => one?.expiresAt ?? [])
  return { ...(first as Identity), beside, expiresAt: ends.length === 0 ? undefined : Math.min(...ends) }
}

/** Node keeps the first of two Authorization headers and says nothing; a service behind us may read the other. */
const occursTwice = (rawHeaders: readonly string[]): boolean => {
  let seen = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name?.length === 13 && name.toLowerCase() === 'authorization') seen += 1
  }
  return seen > 1
}
