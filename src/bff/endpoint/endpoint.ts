import type { GraphQLInputType } from 'graphql'
import type { Operation } from '../../graph/operation.ts'

/** A stored operation exposed as a tailored REST endpoint. */
export type EndpointPlan = {
  /** The operation's name, for logs and listings. */
  readonly name: string
  /** The file it comes from, relative to the workspace. */
  readonly file: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the BFF's prefix, with `{variable}` segments. */
  readonly path: string
  readonly operation: Operation
  /** Where each variable comes from. */
  readonly inputs: readonly EndpointInput[]
  /** Status of a whole answer. */
  readonly status: number
  /** Path of the value that is the body; empty for the whole. */
  readonly unwrap: readonly string[]
  /** Paths of what must be there. */
  readonly require: readonly (readonly string[])[]
}

export type EndpointInput = {
  readonly variable: string
  /** `member`: of the JSON body; `body`: the whole of it. */
  readonly from: 'path' | 'query' | 'member' | 'body'
  readonly type: GraphQLInputType
}
