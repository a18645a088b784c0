import { Kind, type OperationDefinitionNode, parse } from 'graphql'
import type { Json } from '../../kernel/json.ts'
import { Problem } from '../../kernel/problem.ts'
import { textAt } from './body.ts'

/** What of a GraphQL request says which operation it runs. */
type Said = { readonly operationName: string | undefined; readonly query: string | undefined }

/**
 * The operation that a GraphQL request runs: the one it names, or the only one of its document where that has a name.
 * Undefined where nothing says so, as for documents known by their hash. Throws Problem INVALID_ARGUMENT for a document
 * that cannot be read: some service might read it, and run what another route is for.
 */
const operationOf = ({ operationName, query }: Said): string | undefined => {
  // Servers differ in whether an empty name is one; they agree on what runs where it is none.
  if (operationName !== undefined && operationName !== '') return operationName
  if (query === undefined) return undefined
  const [only, ...others] = operationsIn(query)
  return others.length > 0 ? undefined : only?.name?.value
}

const operationsIn = (query: string): readonly OperationDefinitionNode[] => {
  try {
    return parse(query, { noLocation: true }).definitions.flatMap((one) =>
      one.kind === Kind.OPERATION_DEFINITION ? [one] : [],
    )
  } catch (cause) {
    throw new Problem('INVALID_ARGUMENT', 'The GraphQL document of this request cannot be read.', { cause })
  }
}

/** The operation of a request by POST: what its URL says beside does not count (GraphQL over HTTP). */
export const operationOfBody = (body: Json): string | undefined =>
  operationOf({ operationName: textAt(body, ['operationName']), query: textAt(body, ['query']) })

/** The operation of a request by GET. Throws Problem INVALID_ARGUMENT where it is said twice, for readers differ in which one counts. */
export const operationOfQuery = (query: URLSearchParams): string | undefined =>
  operationOf({ operationName: once(query, 'operationName'), query: once(query, 'query') })

const once = (query: URLSearchParams, name: string): string | undefined => {
  const [value, ...more] = query.getAll(name)
  if (more.length > 0) throw new Problem('INVALID_ARGUMENT', `This request says \`${name}\` more than once.`)
  return value
}
