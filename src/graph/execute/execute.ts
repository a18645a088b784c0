import { getArgumentValues } from 'graphql'
import type { Clock } from '../../kernel/clock.ts'
import type { Json } from '../../kernel/json.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import type { CallContext } from '../../services/call.ts'
import type { AccessRule, Batch, Binding, Entity } from '../graph.ts'
import type { OperationPlan, Step } from '../plan/plan.ts'
import { noCall, renderValue, type Scope, type Template, textOf } from '../template.ts'
import { refusal } from './access.ts'
import { gatherOwners } from './gather.ts'
import { type Entry, type Invoke, Loads } from './loads.ts'
import { type Failure, project } from './project.ts'
import { type Resolver, runResolver } from './resolver.ts'

/** What executing needs beside the plan: made once for each generation. */
export type GraphTools = {
  /** By `binding.index`. */
  readonly invokes: readonly Invoke[]
  readonly resolvers: ReadonlyMap<string, Resolver>
  readonly entities: ReadonlyMap<string, Entity>
  /** Upstream calls one operation may make. */
  readonly upstreamCalls: number
  readonly clock: Clock
}

export type ExecutionRequest = {
  readonly plan: OperationPlan
  /** Coerced variable values. */
  readonly variables: Readonly<Record<string, unknown>>
  readonly context: CallContext
  /** A request header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /** The value of the root fields where they do not ask for it themselves: one event of a subscription. */
  readonly event?: { readonly step: Step; readonly value: unknown }
  /** Values of introspection fields, by response key. */
  readonly introspection?: Readonly<Record<string, unknown>> | undefined
}

export type ExecutionResult = {
  /** Null when a required field of the root failed. */
  readonly data: Record<string, unknown> | null
  readonly failures: readonly Failure[]
  /** Upstream calls made. */
  readonly calls: number
}

/** Results of a step by the object that owns its field. */
export type StepResults = ReadonlyMap<object, unknown>

const rootOwner: object = Object.freeze({})

/**
 * Runs a plan: first all calls, each step once for all its parents and as early as its inputs are known; then
 * one synchronous pass that makes the answer. Throws nothing that a service, a caller or an operation can cause.
 */
export const execute = async (request: ExecutionRequest, tools: GraphTools): Promise<ExecutionResult> => {
  const execution = new Execution(request, tools)
  await execution.run()
  return execution.result()
}

class Execution {
  readonly request: ExecutionRequest
  readonly tools: GraphTools
  readonly loads: Loads
  readonly results: (Map<object, unknown> | undefined)[]
  private readonly refusals = new Map<AccessRule, Problem | undefined>()
  private readonly abandon: AbortController | undefined
  private readonly unlink: () => void = () => {}

  constructor(request: ExecutionRequest, tools: GraphTools) {
    this.request = request
    this.tools = tools
    let { context } = request
    if (request.plan.steps.some(({ early }) => early)) {
      // Calls that started early may turn out to be unneeded; they end with the operation.
      const { signal } = context
      const abandon = new AbortController()
      const abort = (): void => abandon.abort(signal.reason)
      if (signal.aborted) abort()
      else signal.addEventListener('abort', abort, { once: true })
      this.abandon = abandon
      this.unlink = () => signal.removeEventListener('abort', abort)
      context = { ...context, signal: abandon.signal }
    }
    this.loads = new Loads({ context, invokes: tools.invokes, limit: tools.upstreamCalls })
    this.results = request.plan.steps.map(() => undefined)
  }

  async run(): Promise<void> {
    const { plan, event } = this.request
    try {
      if (event !== undefined) {
        this.results[event.step.id] = new Map([[rootOwner, event.value]])
        await this.runChildren(event.step, [event.value])
      } else if (plan.kind === 'mutation') {
        for (const step of plan.tops) await this.runStep(step, [rootOwner])
      } else await this.runAll(plan.tops, () => [rootOwner])
    } finally {
      this.unlink()
      this.abandon?.abort()
    }
  }

  result(): ExecutionResult {
    const { plan, introspection } = this.request
    const { data, failures } = project(plan.root, rootOwner, {
      results: this.results,
      refused: (rules) => this.refused(rules),
      introspection,
    })
    return { data, failures, calls: this.loads.calls }
  }

  private async runAll(steps: readonly Step[], ownersOf: (step: Step) => Iterable<object>): Promise<void> {
    const [only] = steps
    if (only !== undefined && steps.length === 1) return this.runStep(only, ownersOf(only))
    await Promise.all(steps.map((step) => this.runStep(step, ownersOf(step))))
  }

  private runChildren({ children }: Step, values: Iterable<unknown>): Promise<void> {
    if (children.length === 0) return Promise.resolve()
    const all = [...values]
    return this.runAll(children, (child) => gatherOwners(child, all, (rules) => this.refused(rules) !== undefined))
  }

  private async runStep(step: Step, owners: Iterable<object>): Promise<void> {
    if (this.refused(step.rules) !== undefined) return
    const results = new Map<object, unknown>()
    this.results[step.id] = results
    const { source } = step
    if (source.kind === 'resolver') await this.resolve(step, { source, owners: [...owners], results })
    else if (source.kind === 'load') await this.load(step, { source, owners, results })
    else if (source.binding.batch !== undefined)
      await this.batch(step, { binding: batched(source.binding, source.binding.batch), owners, results })
    else await this.call(step, { binding: source.binding, owners, results })
    await this.runChildren(step, results.values())
  }

  /** One call for each owner. */
  private async call(
    step: Step,
    { binding, owners, results }: { binding: Binding; owners: Iterable<object>; results: Map<object, unknown> },
  ): Promise<void> {
    const entries: [object, Entry][] = []
    for (const owner of owners) {
      if (binding.fanout !== undefined && entries.length >= binding.fanout) {
        results.set(owner, tooMany(step, binding.fanout))
        continue
      }
      const entry = this.loads.request(binding, this.scope(step, { parent: owner }))
      if (entry === noCall) results.set(owner, null)
      else entries.push([owner, entry])
    }
    await this.settle(entries)
    for (const [owner, { value }] of entries) results.set(owner, value)
  }

  /** One call for the keys of all owners. */
  private async batch(
    step: Step,
    { binding, owners, results }: { binding: Batched; owners: Iterable<object>; results: Map<object, unknown> },
  ): Promise<void> {
    const keyed: [object, Json][] = []
    for (const owner of owners) {
      const key = renderValue([parentKey(binding.batch)], this.scope(step, { parent: owner }))
      if (key === noCall || key === undefined || key === null) results.set(owner, null)
      else keyed.push([owner, key])
    }
    const entries = this.loads.keys(
      binding,
      this.scope(step, {}),
      keyed.map(([, key]) => key),
    )
    await this.settle(entries.map((entry) => [binding, entry]))
    for (const [index, [owner]] of keyed.entries()) results.set(owner, entries[index]?.value)
  }

  /** The entities that the owners' keys name; a list of keys gives a list of entities. */
  private async load(
    step: Step,
    {
      source: { entity, key: template },
      owners,
      results,
    }: { source: { entity: Entity; key: Template }; owners: Iterable<object>; results: Map<object, unknown> },
  ): Promise<void> {
    const keyed: [object, Json | Json[]][] = []
    for (const owner of owners) {
      const key = attempt(() => renderValue(template, this.scope(step, { parent: owner })))
      if (key instanceof Problem) results.set(owner, key)
      else if (key === noCall || key === undefined || key === null) results.set(owner, null)
      else keyed.push([owner, key])
    }
    const keys = keyed.flatMap(([, key]) => key)
    const entries = this.entity(step, entity, keys)
    this.startEarly(step, entity, keys)
    await this.settle(entries.map((entry) => [entity, entry]))
    let at = 0
    for (const [owner, key] of keyed) {
      if (Array.isArray(key))
        results.set(
          owner,
          key.map(() => entries[at++]?.value ?? null),
        )
      else results.set(owner, entries[at++]?.value)
    }
  }

  private entity(step: Step, { binding }: Entity, keys: readonly Json[]): Entry[] {
    if (binding.batch !== undefined)
      return this.loads.keys(batched(binding, binding.batch), this.scope(step, { args: {} }), keys)
    const distinct = new Map<string, Entry>()
    return keys.map((key) => {
      const text = textOf(key)
      let entry = distinct.get(text)
      if (entry === undefined) {
        const over = binding.fanout !== undefined && distinct.size >= binding.fanout
        const made = over ? noCall : this.loads.request(binding, this.scope(step, { args: {}, keys: key }))
        entry = made === noCall ? { value: over ? tooMany(step, binding.fanout ?? 0) : null, pending: undefined } : made
        distinct.set(text, entry)
      }
      return entry
    })
  }

  /**
   * Asks for children that need only the key while their parent is still under way. The answers wait among the
   * operation's loads; a parent that bears another id simply asks for something else when its turn comes.
   */
  private startEarly(step: Step, entity: Entity, keys: readonly Json[]): void {
    for (const child of step.children) {
      if (!child.early || this.refused(child.rules) !== undefined) continue
      const { source } = child
      const scopes = keys.map((value) => this.scope(child, { known: { field: entity.key, value } }))
      if (source.kind === 'load') {
        const childKeys = scopes.map((scope) => attempt(() => renderValue(source.key, scope))).filter(isKey)
        this.entity(child, source.entity, childKeys)
        this.startEarly(child, source.entity, childKeys)
      } else if (source.kind === 'call' && source.binding.batch !== undefined) {
        this.loads.keys(batched(source.binding, source.binding.batch), this.scope(child, {}), keys)
      } else if (source.kind === 'call') {
        for (const scope of scopes.slice(0, source.binding.fanout)) this.loads.request(source.binding, scope)
      }
    }
  }

  private async resolve(
    step: Step,
    {
      source,
      owners,
      results,
    }: {
      source: Extract<Step['source'], { kind: 'resolver' }>
      owners: readonly object[]
      results: Map<object, unknown>
    },
  ): Promise<void> {
    const parents = owners.map(
      (owner) =>
        project(source.selection, owner, { results: [], refused: () => undefined, introspection: undefined }).data ??
        {},
    )
    const values = await runResolver(this.tools.resolvers.get(source.fn), {
      coordinate: step.coordinate,
      parents,
      args: this.argsOf(step),
      context: this.request.context,
      loadEntity: async (type, keys) => {
        const entity = this.tools.entities.get(type)
        if (entity === undefined) throw new Error(`${type} is no entity.`)
        const entries = this.entity(step, entity, keys)
        await this.settle(entries.map((entry) => [entity, entry]))
        return entries.map(({ value }) => value)
      },
    })
    for (const [index, owner] of owners.entries()) results.set(owner, values[index])
  }

  private async settle(entries: readonly (readonly [object, Entry])[]): Promise<void> {
    let last: Promise<void> | undefined
    const pending: Promise<void>[] = []
    for (const [, entry] of entries)
      if (entry.pending !== undefined && entry.pending !== last) pending.push((last = entry.pending))
    if (pending.length === 1) await pending[0]
    else if (pending.length > 1) await Promise.all(pending)
  }

  private refused(rules: readonly AccessRule[]): Problem | undefined {
    for (const rule of rules) {
      if (!this.refusals.has(rule)) this.refusals.set(rule, refusal(rule, this.request.context.caller.identity))
      const problem = this.refusals.get(rule)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  private argsOf({ fixedArgs, field, node }: Step): Readonly<Record<string, unknown>> {
    return fixedArgs ?? getArgumentValues(field, node, this.request.variables)
  }

  private scope(
    step: Step,
    given: { parent?: object; known?: Scope['known']; keys?: Json; args?: Scope['args'] },
  ): Scope {
    const { context, header } = this.request
    return {
      args: given.args ?? this.argsOf(step),
      parent: given.parent,
      known: given.known,
      keys: given.keys,
      claims: context.caller.identity?.claims,
      header,
    }
  }
}

type Batched = Binding & { readonly batch: Batch }

const batched = (binding: Binding, batch: Batch): Batched =>
  binding.batch === batch ? (binding as Batched) : { ...binding, batch }

/** The placeholder that reads a parent's key. */
const parentKey = ({ keyField, keyPath }: Batch): Extract<Template[number], object> => ({
  text: `this.${keyField}`,
  root: 'this',
  path: keyPath,
  field: keyField,
  pipes: [],
})

const tooMany = ({ coordinate }: Step, most: number): Problem =>
  new Problem('RESOURCE_EXHAUSTED', `${coordinate} is asked for more than ${most} parents at once.`)

const attempt = <T>(make: () => T): T | Problem => {
  try {
    return make()
  } catch (error) {
    return asProblem(error)
  }
}

const isKey = (value: unknown): value is Json =>
  value !== undefined && value !== null && value !== noCall && !(value instanceof Problem)
