import type { Method } from 'protobufjs'
import { httpRules, idempotencyOf } from './protos/annotations.ts'

/** What a method is to GraphQL, and why, in words; `none` for methods that take a stream of requests. */
export type MethodKind = {
  readonly kind: 'query' | 'mutation' | 'subscription' | 'none'
  /** A clause without its subject, such as `named Get…`. */
  readonly reason: string
}

const readingNames = /^((?:Batch)?(?:Get|List|Search|Find|Lookup|Count|Check|Query))(?![a-z]|Or[A-Z])/

const changingVerbs: ReadonlySet<string> = new Set(['PUT', 'PATCH', 'DELETE'])

/**
 * Whether a method reads, changes or streams, by what its proto says of it: how it streams, its HTTP rule, its
 * idempotency level and, last, its name. What says nothing changes something: the safe guess. A name weighs least:
 * `GetX` that is reached by DELETE, or calls itself merely idempotent, changes something.
 */
export const methodKind = (method: Method): MethodKind => {
  if (method.requestStream === true) return { kind: 'none', reason: 'takes a stream of requests' }
  if (method.responseStream === true) return { kind: 'subscription', reason: 'streams its answers' }
  const verb = httpRules(method)[0]?.verb
  if (verb === 'GET') return { kind: 'query', reason: 'is reached by GET' }
  const idempotency = idempotencyOf(method)
  if (idempotency === 'NO_SIDE_EFFECTS') return { kind: 'query', reason: 'has no side effects' }
  if (verb !== undefined && changingVerbs.has(verb)) return { kind: 'mutation', reason: `is reached by ${verb}` }
  if (idempotency === 'IDEMPOTENT') return { kind: 'mutation', reason: 'is idempotent, but has side effects' }
  const [, name] = readingNames.exec(method.name) ?? []
  return name === undefined
    ? { kind: 'mutation', reason: 'says nowhere that it only reads' }
    : { kind: 'query', reason: `is named ${name}…` }
}
