import { existsSync, readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import type { EndpointPlan } from '../bff/endpoint/endpoint.ts'
import { worstCasePlan } from '../graph/operation.ts'
import { conditionVariables } from '../graph/plan/collect.ts'
import { explain } from '../graph/plan/explain.ts'
import { parseOperation, withDefaults } from '../graph/standalone.ts'
import { didYouMean } from '../kernel/diagnostic.ts'
import type { Plan } from './plan.ts'

type BffPlan = Plan['bffs'][number]['served']

/** What is asked for: `GET /mobile/my-dashboard`, or a file of a stored operation or of any operation a BFF can run. */
export type Explained = {
  readonly target: string
  readonly variables: Readonly<Record<string, unknown>>
  /** The BFF a file that is no stored operation is planned against; needed where there are several. */
  readonly bff: string | undefined
}

/** The plan of an operation as text, or a sentence on why there is none. */
export const explainOperation = (
  plan: Plan,
  { target, variables, bff }: Explained,
): { readonly text: string } | { readonly mistake: string } => {
  const stored = plan.bffs.flatMap(({ served }) => served.endpoints.map((endpoint) => ({ served, endpoint })))
  const address = /^([A-Za-z]+)\s+(\/\S*)$/.exec(target)
  if (address !== null) {
    const [, method = '', path = ''] = address
    const found = stored.find(({ served, endpoint }) =>
      matches(served, endpoint, { method: method.toUpperCase(), path }),
    )
    if (found !== undefined) return explained(plan, found.served, { operation: found.endpoint.operation, variables })
    const addresses = stored.map(({ served, endpoint }) => addressOf(served, endpoint))
    return {
      mistake: `No stored operation is served at ${target}.${didYouMean(`${method.toUpperCase()} ${path}`, addresses)}`,
    }
  }
  const file = relative(plan.dir, resolve(target)).replaceAll('\\', '/')
  const found = stored.find(({ endpoint }) => endpoint.file === file || endpoint.file === target)
  if (found !== undefined) return explained(plan, found.served, { operation: found.endpoint.operation, variables })
  if (!existsSync(target))
    return {
      mistake: `There is no file ${target}.${didYouMean(
        target,
        stored.map(({ endpoint }) => endpoint.file),
      )}`,
    }
  return explainFile(plan, { target, variables, bff })
}

const explainFile = (
  plan: Plan,
  { target, variables, bff: name }: Explained,
): { readonly text: string } | { readonly mistake: string } => {
  const names = plan.bffs.map(({ served }) => served.name)
  const [only] = plan.bffs
  const bff =
    name === undefined && plan.bffs.length === 1
      ? only?.served
      : plan.bffs.find(({ served }) => served.name === name)?.served
  if (bff === undefined)
    return {
      mistake:
        name === undefined
          ? `${target} is no stored operation; say which BFF runs it by --bff (${names.join(', ')}).`
          : `There is no BFF ${name}.${didYouMean(name, names)}`,
    }
  const operation = parseOperation(bff.graph, readFileSync(target, 'utf8'))
  return 'errors' in operation
    ? { mistake: operation.errors.join('\n') }
    : explained(plan, bff, { operation, variables })
}

type Asked = { readonly operation: EndpointPlan['operation']; readonly variables: Readonly<Record<string, unknown>> }

const explained = (
  { services }: Plan,
  { graph, limits: { upstreamCalls } }: BffPlan,
  { operation, variables }: Asked,
): { readonly text: string } => {
  const given = withDefaults(operation.node, variables)
  return {
    text: explain(planFor(graph, operation, given), given, { services, upstreamCalls }),
  }
}

/** The plan for the given conditions; the worst case where a variable of @skip or @include is not given. */
const planFor = (
  graph: BffPlan['graph'],
  operation: EndpointPlan['operation'],
  variables: Readonly<Record<string, unknown>>,
): ReturnType<typeof worstCasePlan> =>
  conditionVariables(operation.document, operation.node).every((name) => typeof variables[name] === 'boolean')
    ? operation.plan(variables)
    : worstCasePlan(graph, operation)

const addressOf = ({ prefix }: BffPlan, { method, path }: EndpointPlan): string => `${method} ${prefix}${path}`

const matches = (
  { prefix }: BffPlan,
  endpoint: EndpointPlan,
  { method, path }: { method: string; path: string },
): boolean => {
  const wanted = (prefix + endpoint.path).split('/')
  const given = (path.split('?')[0] ?? '').split('/')
  return (
    endpoint.method === method &&
    wanted.length === given.length &&
    wanted.every((part, index) => part.startsWith('{') || part === given[index])
  )
}
