import assert from 'node:assert/strict'
import { parse } from 'graphql'
import { bindGraph } from '../../../src/graph/bind/bind.ts'
import { dataOf, type ExecutionRequest, type ExecutionResult, execute } from '../../../src/graph/execute/execute.ts'
import type { Invoke } from '../../../src/graph/execute/loads.ts'
import type { Resolver } from '../../../src/graph/execute/resolver.ts'
import { createStaleValues } from '../../../src/graph/execute/stale.ts'
import type { Binding, Graph } from '../../../src/graph/graph.ts'
import { makeOperation, type Operation } from '../../../src/graph/operation.ts'
import type { RenderedRequest } from '../../../src/graph/request.ts'
import { coerceVariables } from '../../../src/graph/variables.ts'
import type { Identity } from '../../../src/kernel/caller.ts'
import { type Clock, systemClock } from '../../../src/kernel/clock.ts'
import { hasErrors } from '../../../src/kernel/diagnostic.ts'
import type { Json } from '../../../src/kernel/json.ts'
import type { Signal } from '../../../src/kernel/signal.ts'
import type { CallContext } from '../../../src/services/call.ts'
import { told } from '../../support/told.ts'
import { services } from './services.ts'

/** What `portico check` would print about one schema file, without codes. */
export const diagnosticsOf = (sdl: string): string =>
  told(bindGraph([{ file: 'web.graphql', text: sdl }], services).diagnostics)

export const graphOf = (...texts: readonly string[]): Graph => {
  const files = texts.map((text, index) => ({ file: `${index}.graphql`, text }))
  const { graph, diagnostics } = bindGraph(files, services)
  assert.ok(graph !== undefined && !hasErrors(diagnostics), told(diagnostics))
  return graph
}

export const operationOf = (graph: Graph, source: string): Operation => {
  const document = parse(source)
  const node = document.definitions.find((definition) => definition.kind === 'OperationDefinition')
  assert.ok(node?.kind === 'OperationDefinition')
  return makeOperation(graph, document, node)
}

/** One call as its service would see it. */
export type Asked = {
  /** Decoded, to be read: `users GET /users?ids=1,2`, or `catalog BatchGetProducts {"ids":["1"]}`. */
  readonly line: string
  readonly body: Json | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly signal: Signal
  /** What a retry asks before another try. */
  readonly takeTry?: (() => boolean) | undefined
}

export type Answer = (asked: Asked) => Json | Promise<Json>

export type World = {
  /** Schema files over the services of these tests, or a graph already bound. */
  readonly sdl: string | readonly string[] | Graph
  /** Answers every call; what it throws is the call's failure. */
  readonly answer: Answer
  readonly resolvers?: Readonly<Record<string, Resolver>>
  readonly upstreamCalls?: number
  readonly clock?: Clock
}

export type RunOptions = {
  readonly variables?: Readonly<Record<string, unknown>>
  readonly identity?: Partial<Identity>
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** A graph whose services are functions: `asked` is every call in the order it was made. */
export const world = ({ sdl, answer, resolvers = {}, upstreamCalls = 100, clock = systemClock }: World) => {
  const graph = typeof sdl === 'object' && 'bindings' in sdl ? sdl : graphOf(...[sdl].flat())
  const asked: string[] = []
  const calls: Asked[] = []
  const invoke =
    (binding: Binding): Invoke =>
    async (rendered, { signal, takeTry }) => {
      const call = { line: lineOf(binding, rendered), ...partsOf(rendered), signal, takeTry }
      asked.push(call.line)
      calls.push(call)
      return { output: await answer(call), status: 200 }
    }
  const tools = {
    invokes: graph.bindings.map(invoke),
    resolvers: new Map(Object.entries(resolvers)),
    entities: graph.entities,
    upstreamCalls,
    clock,
    stale: createStaleValues(clock),
  }
  const requestFor = (source: string, options: RunOptions = {}): ExecutionRequest => {
    const operation = operationOf(graph, source)
    const coerced = coerceVariables(graph, operation, options.variables ?? {})
    assert.ok('values' in coerced, 'the variables are valid')
    return {
      plan: operation.plan(coerced.values),
      variables: coerced.values,
      context: contextOf(options),
      header: (name) => options.headers?.[name],
    }
  }
  return {
    graph,
    tools,
    asked,
    calls,
    requestFor,
    run: async (source: string, options?: RunOptions) => readable(await execute(requestFor(source, options), tools)),
  }
}

export const contextOf = ({ identity, signal }: RunOptions = {}): CallContext => ({
  signal: signal ?? new AbortController().signal,
  deadline: Number.POSITIVE_INFINITY,
  caller: { identity: identity && identityOf(identity), address: '127.0.0.1', requestId: 'r-1' },
  forward: {},
})

const identityOf = (given: Partial<Identity>): Identity => ({
  provider: 'test',
  subject: undefined,
  scopes: new Set(),
  claims: {},
  expiresAt: undefined,
  ...given,
})

/** A result with each failure on one line: `me.name UNAVAILABLE why`. */
export const readable = (result: ExecutionResult) => ({
  data: dataOf(result),
  errors: result.failures.map(({ path, problem }) => `${path.join('.')} ${problem.code} ${problem.message}`),
  calls: result.calls,
})

const lineOf = ({ request, coordinate }: Binding, rendered: RenderedRequest): string => {
  if (request.kind === 'rest' && rendered.kind === 'rest')
    return `${request.service} ${request.method} ${decodeURIComponent(rendered.path)}`
  if (request.kind === 'grpc' && rendered.kind === 'grpc')
    return `${request.service} ${request.method.path.split('/')[2]} ${JSON.stringify(rendered.message)}`
  throw new Error(`${coordinate} was rendered for another protocol.`)
}

const partsOf = (rendered: RenderedRequest) =>
  rendered.kind === 'rest'
    ? { body: rendered.body, headers: Object.fromEntries(rendered.headers) }
    : { body: rendered.message, headers: Object.fromEntries(rendered.metadata) }

/** The ids that a line asks for by `?ids=`. */
export const idsIn = (line: string): readonly string[] => (/[?&]ids=([^&]*)/.exec(line)?.[1] ?? '').split(',')
