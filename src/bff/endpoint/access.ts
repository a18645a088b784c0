import { type GraphQLInputType, isInputType, typeFromAST } from 'graphql'
import { readAccess } from '../../graph/bind/access.ts'
import { memberAt, refusal } from '../../kernel/access.ts'
import type { Caller } from '../../kernel/caller.ts'
import { didYouMean } from '../../kernel/diagnostic.ts'
import type { Problem } from '../../kernel/problem.ts'
import type { EndpointPlan } from './endpoint.ts'
import type { Reading } from './reading.ts'

const lists = ['scopes', 'roles', 'groups', 'providers']
const known = [...lists, 'claims', 'match', 'public']

/** What `@auth` beside `@endpoint` says; undefined where there is none. No schema checks its arguments. */
export const readOperationAccess = ({ auth, graph, node, report }: Reading): EndpointPlan['access'] => {
  if (auth === undefined) return undefined
  const { args, nodes } = auth
  for (const name of Object.keys(args)) {
    const at = nodes[name] ?? auth.node
    if (!known.includes(name)) report(at, 'PORTICO-609', `@auth has no argument ${name}.${didYouMean(name, known)}`)
    else if (args[name] === undefined)
      report(
        at,
        'PORTICO-609',
        `\`${name}\` should be ${lists.includes(name) ? 'a list of lists of texts' : 'true or false'}.`,
      )
  }
  const variables = (node.variableDefinitions ?? []).flatMap(({ variable, type }) => {
    const declared = typeFromAST(graph.schema, type)
    return isInputType(declared) ? [{ name: variable.name.value, type: declared satisfies GraphQLInputType }] : []
  })
  return readAccess(auth, variables, (at, message) => report(at, 'PORTICO-104', message))
}

/** Why variables do not fit the caller, where `match` compares them; all else was asked before they were read. */
export const mismatch = (
  { access }: EndpointPlan,
  { identity }: Caller,
  variables: Readonly<Record<string, unknown>>,
): Problem | undefined =>
  access === undefined || access.match.length === 0
    ? undefined
    : refusal(access, identity, (said) => memberAt(variables, said))
