import { InvalidArgumentError } from 'commander'
import { type AskedRequest, explainRoute, type RouteExplanation } from '../compile/explain-route.ts'
import { listRoute } from '../compile/listing.ts'
import type { Plan, PlannedRoute } from '../compile/plan.ts'
import type { Json } from '../kernel/json.ts'
import { parseRequestBody } from '../kernel/json-request.ts'
import { asProblem, Problem } from '../kernel/problem.ts'

/** `GET /x?y`, or a path alone. */
export const readRequestLine = (text: string): { readonly method: string; readonly target: string } => {
  const [, method = 'GET', target] = /^(?:([A-Z]+) )?(\/\S*)$/.exec(text.trim()) ?? []
  if (target === undefined) throw new InvalidArgumentError("Expected a request such as 'GET /users/1'.")
  return { method, target }
}

/** `name: value`, collected over several options. */
export const readHeader = (
  text: string,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => {
  const mark = text.indexOf(':')
  if (mark <= 0) throw new InvalidArgumentError("Expected a header such as 'x-beta: 1'.")
  const name = text.slice(0, mark).trim().toLowerCase()
  const value = text.slice(mark + 1).trim()
  return { ...before, [name]: name in before ? `${before[name]}, ${value}` : value }
}

/** JSON, read as that of requests is. */
export const readBody = (text: string): Json => {
  try {
    return parseRequestBody(Buffer.from(text))
  } catch (thrown) {
    throw new InvalidArgumentError(asProblem(thrown).message)
  }
}

/** Says which route answers a request, and of every other why it does not. */
export const routeText = (plan: Plan, asked: AskedRequest): string => {
  let explained: RouteExplanation
  try {
    explained = explainRoute(plan, asked)
  } catch (thrown) {
    // What a gateway would refuse to be asked.
    if (thrown instanceof Problem) return `${asked.method} ${asked.target} is refused: ${thrown.message}\n`
    throw thrown
  }
  const { path, bff, route, others } = explained
  if (path === undefined) return `${asked.target} is refused: two readers could read it differently.\n`
  const answer =
    bff === undefined
      ? route === undefined
        ? 'nobody: 404'
        : describe(route, plan.services)
      : `the BFF ${bff.name}, whose addresses win`
  const takes = route && methodsOf(route)
  const refused =
    takes === undefined || takes.has(asked.method) || asked.method === 'OPTIONS'
      ? ''
      : `, with 405: it takes ${[...takes].join(', ')}`
  const seen = path === asked.target.split('?', 1)[0] ? '' : `  (${path})`
  const policies = bff?.policies ?? (route === undefined ? [] : (listRoute(route, plan.services)[0]?.policies ?? []))
  return [
    `${asked.method} ${asked.target}${seen}`,
    `→ ${answer}${refused}`,
    ...(policies.length === 0 ? [] : [`  under ${policies.join(' → ')}`]),
    ...others.map((other) => `  ${describe(other.route, plan.services)}: ${other.why}`),
    '',
  ].join('\n')
}

/** Undefined where the rules of a proto say it, path by path. */
const methodsOf = ({ match, served }: PlannedRoute): ReadonlySet<string> | undefined =>
  match.methods ?? (served.kind === 'transcode' ? undefined : new Set<string>(served.methods))

const describe = (route: PlannedRoute, services: Plan['services']): string => {
  const [first, ...more] = listRoute(route, services)
  const { served, match } = route
  const by = more.length > 0 || first === undefined ? served.kind : first.by
  return `${match.site}  ${by}`
}
