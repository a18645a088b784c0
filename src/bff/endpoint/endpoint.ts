import type { GraphQLInputType } from 'graphql'
import type { FieldLimit } from '../../graph/graph.ts'
import type { Operation } from '../../graph/operation.ts'
import type { AccessRule } from '../../kernel/access.ts'
import type { Lifetime } from '../../kernel/lifetime.ts'
import type { CachePlan } from './cache.ts'

/** A stored operation exposed as a tailored REST endpoint. */
export type EndpointPlan = {
  /** The operation's name, for logs, listings and documents. */
  readonly name: string
  /** What its author says of it. */
  readonly description: string | undefined
  /** The file it comes from, relative to the workspace. */
  readonly file: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the BFF's prefix, with `{variable}` segments. */
  readonly path: string
  readonly operation: Operation
  /** Where each variable comes from. */
  readonly inputs: readonly EndpointInput[]
  /** Whether parameters and members that mean nothing are ignored instead of refused. */
  readonly lenient: boolean
  /** Whether its author says that several writes, of which a later one may fail, are meant. */
  readonly nonAtomic: boolean
  /** How long a request, or each event, may take in milliseconds; undefined where the gateway's budget says so. */
  readonly timeoutMs: number | undefined
  /** Whether it answers with the events of a subscription. */
  readonly streams: boolean
  /** Status of a whole answer. */
  readonly status: number
  /** Path of the value that is the body; empty for the whole. */
  readonly unwrap: readonly string[]
  /** Paths of what must be there. */
  readonly require: readonly (readonly string[])[]
  /** What caches may do with a whole answer; undefined where the method has answers that are never kept. */
  readonly cache: CachePlan | undefined
  readonly lifetime: Lifetime
  /** Who may run it, in place of what its BFF says; undefined where its BFF says so. `match` compares variables. */
  readonly access: AccessRule | undefined
  /** Rules of the schema on what must be there. */
  readonly needed: readonly AccessRule[]
  /** How often it may be run. */
  readonly limits: readonly FieldLimit[]
}

export type EndpointInput = {
  readonly variable: string
  /** `member`: of the JSON body; `body`: the whole of it. */
  readonly from: 'path' | 'query' | 'member' | 'body'
  readonly type: GraphQLInputType
  /** As JSON, enums by their names; undefined where it has none. */
  readonly fallback: { readonly value: unknown } | undefined
  readonly description: string | undefined
}
