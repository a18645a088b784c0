import type { BreakerSettings } from './guards/breaker.ts'
import type { ResilienceSettings } from './guards/settings.ts'

/** A breaker beside the service's, of a route or of some calls, by what it is called; without settings there is none. */
export type OwnBreaker = { readonly of: string; readonly settings: BreakerSettings | undefined }

/** What some calls of a service say for themselves, with what they leave to the service. */
export type OwnCalls = {
  /** As written: `GET /users/{id}`, `shop.catalog.v1.Catalog/*`. */
  readonly calls: string
  readonly timeoutMs: number
  readonly resilience: ResilienceSettings
  /** Undefined where they share the service's. */
  readonly breaker: OwnBreaker | undefined
}

/** Of the entries that fit a call, the most exact; `call` is `GET /users/7` or `pkg.Service/Method`. Undefined for none. */
export type FindOwnCalls = (call: string) => OwnCalls | undefined

/** Looks a call up among entries that are written in any order. In time proportional to their number and the text. */
export const findOwnCalls = (entries: readonly OwnCalls[]): FindOwnCalls => {
  const tests = entries
    .map((own) => ({ own, pattern: patternOf(own.calls), rank: rankOf(own.calls) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
  return (call) => tests.find(({ pattern }) => pattern.test(call))?.own
}

/** `{id}` is one segment, `*` at the end all that is left, `*` as a method any: no two of them can take the same text. */
const patternOf = (calls: string): RegExp => {
  const source = calls
    .replaceAll(/[.+?^$()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\{[^}]*\}/g, '[^/?]+')
    .replace(/^\* /, '[A-Z]+ ')
    .replace(/^(.*) (.*)\/\*$/, '$1 $2(?:/[^?]*)?')
    .replace(/\/\*$/, '/[^/]+')
  return new RegExp(`^${source}(?:\\?|$)`)
}

/** From left to right text goes before a parameter, a parameter before the rest, and a method before any: as routes do. */
const rankOf = (calls: string): string => {
  const [first = '', ...rest] = calls.split(/[ /]+/)
  return [...rest, first].map((part) => (part === '*' ? '2' : part.startsWith('{') ? '1' : `0${part}`)).join(' ')
}
