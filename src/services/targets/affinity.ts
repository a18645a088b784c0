import type { CallContext } from '../call.ts'
import type { AffinityKey } from './affinity-key.ts'
import type { TargetSettings } from './settings.ts'

/** Reads from a request what its calls are kept with one target by; undefined where the request has none. */
export type Affinity = (request: Pick<CallContext, 'caller' | 'headers'>) => string | undefined

/** What of a request decides which target its call gets: a key, or where the service has a split who asks, too. */
export type Wish = string | { readonly key: string | undefined; readonly asks: Chooser }

/** Reads it; undefined where nothing of a request counts. */
export type ReadWish = (request: Chooser) => Wish | undefined

type Chooser = Parameters<Affinity>[0]

export const readWish = ({ affinity, split }: TargetSettings): ReadWish | undefined => {
  const keyOf = readAffinity(affinity)
  return split === undefined ? keyOf : (asks) => ({ key: keyOf?.(asks), asks })
}

/** What reads a key; undefined where the service keeps nothing together, so that a call costs nothing for it. */
export const readAffinity = (key: AffinityKey | undefined): Affinity | undefined => {
  if (key === undefined) return undefined
  const { kind, name } = key
  if (kind === 'address') return ({ caller }) => caller.address
  if (kind === 'header') return ({ headers }) => textOf(headers?.[name])
  if (kind === 'cookie') return ({ headers }) => cookieOf(textOf(headers?.cookie), name)
  return ({ caller }) => {
    const claim = caller.identity?.claims[name]
    return typeof claim === 'string' || typeof claim === 'number' ? String(claim) : undefined
  }
}

const textOf = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.join(',')

/** The first cookie of a name (RFC 6265 §5.4 sends the most specific first). */
export const cookieOf = (header: string | undefined, name: string): string | undefined => {
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=')
    if (at >= 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}
