import type { DocumentNode, OperationDefinitionNode } from 'graphql'
import type { Directive } from '../../graph/directives.ts'
import type { Graph } from '../../graph/graph.ts'
import type { Report } from './variables.ts'

/** A stored operation as it is read: what it says, and what it is read for. */
export type Reading = {
  readonly file: string
  /** Without `@endpoint`, which no schema of clients knows. */
  readonly node: OperationDefinitionNode
  readonly document: DocumentNode
  readonly directive: Directive
  /** The `@auth` of the operation. */
  readonly auth: Directive | undefined
  /** Each `@rateLimit` of the operation. */
  readonly limits: readonly Directive[]
  readonly graph: Graph
  /** Whether only callers with a token reach the BFF. */
  readonly guarded: boolean
  readonly report: Report
}
