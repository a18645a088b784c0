import { type GraphQLField, type GraphQLOutputType, isListType, isNonNullType, isObjectType } from 'graphql'
import type { Clock } from '../../kernel/clock.ts'
import type { Diagnostic } from '../../kernel/diagnostic.ts'
import type { Json } from '../../kernel/json.ts'
import { asProblem, type Problem } from '../../kernel/problem.ts'
import type { Invoke } from '../execute/loads.ts'
import { byKey, selected } from '../execute/match.ts'
import { type Binding, type Graph, isBatched } from '../graph.ts'
import type { RenderedRequest } from '../request.ts'
import { rootKind } from '../roots.ts'
import { keyText, type Scope } from '../template.ts'
import { ownerOf, render, scopeOf } from './requests.ts'
import { argumentsInOperations, type SampleOperation, type Samples, sampleArguments } from './samples.ts'
import { Shapes } from './shapes.ts'

/** Asks a service with a rendered request; resolves to its answer. Rejects with a Problem. */
export type Ask = (binding: Binding, request: RenderedRequest) => ReturnType<Invoke>

export type ProbeOptions = {
  readonly samples: Samples
  /** Operations whose literals and defaults are samples. */
  readonly operations: readonly SampleOperation[]
  /** Request headers for placeholders, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly ask: Ask
  readonly clock: Pick<Clock, 'now'>
  /** When to stop asking, in the clock's milliseconds. */
  readonly until: number
  /** Told of every binding that was asked or will not be, a line each. */
  readonly tell: (line: string) => void
}

type Target = { readonly type: GraphQLOutputType; readonly field: GraphQLField<unknown, unknown> | undefined }

/** Asks every binding that only reads, one after the other, and says where answers are not what the schema says. */
export const probeGraph = async (graph: Graph, options: ProbeOptions): Promise<readonly Diagnostic[]> => {
  const shapes = new Shapes(graph)
  const { samples, tell, clock, until } = options
  const sampled = { samples, operations: argumentsInOperations(graph, options.operations, samples) }
  let waiting = graph.bindings.filter((binding) => {
    const why = neverAsked(graph, binding)
    if (why !== undefined) tell(`skipped  ${binding.coordinate}: ${why}`)
    return why === undefined
  })
  // What is answered gives the keys and parents of what is asked next.
  let reasons = new Map<Binding, string>()
  for (let progress = true; progress; ) {
    progress = false
    reasons = new Map()
    for (const binding of waiting) {
      const target = targetOf(graph, binding)
      const arguments_ = sampleArguments(binding.coordinate, target.field, sampled)
      const scope = scopeOf(graph, binding, { shapes, options, sampled, args: arguments_.values })
      const request =
        arguments_.missing.length > 0 ? missingArguments(binding, arguments_.missing) : render(binding, scope)
      if (typeof request === 'string') {
        reasons.set(binding, request)
        continue
      }
      if (clock.now() >= until) {
        reasons.set(binding, 'the time of the probe is over.')
        continue
      }
      progress = true
      waiting = waiting.filter((other) => other !== binding)
      await askOne({ binding, target, request, scope, shapes, options })
    }
  }
  for (const [{ coordinate }, why] of reasons) tell(`skipped  ${coordinate}: ${why}`)
  return shapes.diagnostics()
}

const neverAsked = ({ schema }: Graph, { coordinate, request, safe }: Binding): string | undefined => {
  const type = schema.getType(coordinate.split('.')[0] ?? '')
  const root = isObjectType(type) ? rootKind(schema, type) : undefined
  if (request.kind === 'grpc' && (request.method.responseStream || request.method.requestStream))
    return 'it is a stream.'
  if (root === 'mutation' || !safe)
    return request.kind === 'rest'
      ? `${request.method} may change something.`
      : `${request.method.path.slice(1)} may change something.`
  return undefined
}

const targetOf = (graph: Graph, { coordinate }: Binding): Target => {
  const { type, field } = ownerOf(graph, coordinate)
  return { type: field?.type ?? type, field }
}

const missingArguments = ({ coordinate }: Binding, names: readonly string[]): string =>
  `it needs a value of ${names.map((name) => `${coordinate}(${name}:)`).join(' and ')}; give one by --sample.`

type Asking = {
  readonly binding: Binding
  readonly target: Target
  readonly request: RenderedRequest
  readonly scope: Scope
  readonly shapes: Shapes
  readonly options: ProbeOptions
}

const askOne = async ({ binding, target, request, scope, shapes, options }: Asking): Promise<void> => {
  const { coordinate } = binding
  const { tell, clock, ask } = options
  const line = `${coordinate}  ${binding.request.service} ${lineOf(binding, request)}`
  const from = clock.now()
  let output: Json
  try {
    output = (await ask(binding, request)).output
  } catch (thrown) {
    const problem = asProblem(thrown)
    tell(`failed   ${line}  ${problem.code}`)
    if (problem.code === 'NOT_FOUND') return
    return shapes.tell({ coordinate }, 'PORTICO-950', `${coordinate} could not be asked: ${reasonOf(problem)}`)
  }
  tell(`asked    ${line}  ${Math.round(clock.now() - from)} ms`)
  if (!isBatched(binding)) return shapes.look(selected(binding, output), target.type, { coordinate, binding })
  const values = byKey(binding, output)
  if (values instanceof Error) return shapes.tell({ coordinate }, 'PORTICO-953', reasonOf(values))
  const asked = new Set((scope.keys as readonly Json[]).map(keyText))
  const extra = [...values.keys()].filter((key) => !asked.has(key)).length
  if (extra > 0)
    shapes.tell(
      { coordinate },
      'PORTICO-955',
      `${coordinate} was asked for ${asked.size} key and answered ${extra} more: the service seems to ignore what it is asked for.`,
    )
  const type = isNonNullType(target.type) ? target.type.ofType : target.type
  for (const value of values.values())
    if (value instanceof Error) shapes.tell({ coordinate }, 'PORTICO-953', value.message)
    else shapes.look(value, binding.batch.grouped || !isListType(type) ? type : type.ofType, { coordinate, binding })
}

const reasonOf = ({ message, cause }: Problem): string =>
  cause instanceof Error && cause.message !== '' ? `${message} (${cause.message})` : message

const lineOf = ({ request }: Binding, rendered: RenderedRequest): string =>
  rendered.kind === 'rest' && request.kind === 'rest'
    ? `${request.method} ${rendered.path}`
    : request.kind === 'grpc'
      ? request.method.path.slice(1)
      : ''
