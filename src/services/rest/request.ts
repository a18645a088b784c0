import type { Json } from '../../kernel/json.ts'

/** One HTTP request whose answer is JSON. */
export type RestInput = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path and query, encoded, relative to the service's base path; starts with `/`. */
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Sent as application/json, raw numbers digit by digit. */
  readonly body?: Json
  /** Whether asking twice does no more than asking once, where method and headers do not say so. */
  readonly idempotent?: boolean
  /** Whether somebody looks at headers of the answer, and into a failure: what nobody looks at is not kept. */
  readonly judged?: boolean
  /** Which numbers of the answer keep their digits: all, or long integers only, which is cheaper to read. */
  readonly exact: 'all' | 'integers'
}
