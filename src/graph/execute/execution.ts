import { type LinkedAbort, linkedAbort } from '../../kernel/abort.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Json } from '../../kernel/json.ts'
import type { Problem } from '../../kernel/problem.ts'
import type { CallContext } from '../../services/call.ts'
import type { AccessRule, Entity } from '../graph.ts'
import { type Arguments, argumentsOf } from '../plan/arguments.ts'
import { type Estimate, estimate } from '../plan/estimate.ts'
import type { OperationPlan, Step } from '../plan/plan.ts'
import type { Scope } from '../template.ts'
import { refusal } from './access.ts'
import type { ConnectedClient } from './clients.ts'
import { type Exchanged, type Invoke, Loads, type LoadsOptions } from './loads.ts'
import type { Recorder } from './recorder.ts'
import type { Resolver } from './resolver.ts'
import type { StaleValues } from './stale.ts'
import type { Written } from './write.ts'

/** What executing needs beside the plan: made once for each generation. */
export type GraphTools = {
  /** By `binding.index`. */
  readonly invokes: readonly Invoke[]
  readonly resolvers: ReadonlyMap<string, Resolver>
  readonly entities: ReadonlyMap<string, Entity>
  /** Services that resolvers call. */
  readonly clients?: ReadonlyMap<string, ConnectedClient>
  /** Upstream calls one operation may make. */
  readonly upstreamCalls: number
  /** Last good values, for `@fallback(stale: …)`; none are kept where undefined. */
  readonly stale?: StaleValues | undefined
  readonly clock: Clock
  /** What was written before; every answer is written anew where undefined. */
  readonly answers?: KnownAnswers | undefined
  /** Told how many calls or keys an operation asked for that it had asked for before. */
  readonly reused?: (service: string, count: number) => void
  /** Told once of each rule that keeps a caller from something an operation asks for. */
  readonly denied?: (caller: Caller, problem: Problem, rule: AccessRule) => void
}

export type ExecutionRequest = {
  readonly plan: OperationPlan
  /** Coerced variable values. */
  readonly variables: Readonly<Record<string, unknown>>
  readonly context: CallContext
  /** A request header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /** The value of a subscription's root field: one event of its stream. */
  readonly event?: { readonly step: Step; readonly value: unknown }
  /** Values of introspection fields, by response key. */
  readonly introspection?: Readonly<Record<string, unknown>> | undefined
  /** Who wants to know how the answer comes about; nobody where undefined. */
  readonly recorder?: Recorder | undefined
}

/** Answers that were written before. */
export type KnownAnswers = {
  /**
   * What was written before for the same request, where its calls asked the same and got the same; otherwise what
   * `write` gives.
   */
  written(request: ExecutionRequest, exchanges: readonly Exchanged[], write: () => Written): Written
}

/** The state of one operation under way: what it asked, what came back, and what its caller may see. */
export class Execution {
  readonly request: ExecutionRequest
  readonly tools: GraphTools
  readonly loads: Loads
  /** Results of each step by the object that owns its field; by `step.id`. */
  readonly results: (Map<object, unknown> | undefined)[]
  private readonly args: Arguments[] = []
  /** Made by the first rule, as all that an operation may do without. */
  private refusals: Map<AccessRule, Problem | undefined> | undefined
  private worst: Estimate | undefined
  private readonly abandoned: LinkedAbort | undefined
  readonly broken: (error: unknown) => void

  /** `broken` is told of a fault of our own, after which the operation has no answer. */
  constructor(request: ExecutionRequest, tools: GraphTools, broken: (error: unknown) => void) {
    this.request = request
    this.tools = tools
    this.broken = broken
    const { context, plan, recorder } = request
    // Calls that started early may turn out to be unneeded; they end with the operation.
    this.abandoned = plan.early ? linkedAbort(context.signal) : undefined
    const options: LoadsOptions = {
      context: this.abandoned === undefined ? context : { ...context, signal: this.abandoned.signal },
      invokes: tools.invokes,
      limit: tools.upstreamCalls,
      reserved: this.toCome,
      reused: tools.reused,
      joins: plan.joins !== undefined,
      guarded: this.guarded,
    }
    this.loads = recorder === undefined ? new Loads(options) : recorder.loads(options)
    this.results = plan.steps.map(() => undefined)
    recorder?.began(this)
  }

  /** Goes on after something came back: what that throws is a fault of our own. */
  readonly guarded = (proceed: () => void): void => {
    try {
      this.loads.together(proceed)
    } catch (error) {
      this.broken(error)
    }
  }

  /** Ends what nobody waits for any more. */
  end(): void {
    this.abandoned?.end()
  }

  /** Why the caller may not see what all these rules guard; undefined when it may. */
  readonly refused = (rules: readonly AccessRule[]): Problem | undefined => {
    if (rules.length === 0) return undefined
    const refusals = (this.refusals ??= new Map())
    for (const rule of rules) {
      if (!refusals.has(rule)) {
        const { variables, context } = this.request
        const { caller } = context
        const refused = refusal(rule, caller.identity, variables)
        refusals.set(rule, refused)
        if (refused !== undefined) this.tools.denied?.(caller, refused, rule)
      }
      const problem = refusals.get(rule)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  /** Calls that the steps which have not begun make in the worst case. Asked only before a further try. */
  private readonly toCome = (): number => {
    const { plan, variables } = this.request
    const { steps } = (this.worst ??= estimate(plan, variables))
    const allowed: boolean[] = []
    let calls = 0
    for (const { id, parent, rules } of plan.steps) {
      allowed[id] = (parent === undefined || allowed[parent.id] === true) && this.refused(rules) === undefined
      if (allowed[id] && this.results[id] === undefined) calls += steps[id]?.calls ?? 0
    }
    return calls
  }

  /** A step's arguments, coerced once for all its owners. Throws INVALID_ARGUMENT. */
  argsOf(step: Step): Arguments {
    if (step.args.kind === 'fixed') return step.args.values
    return (this.args[step.id] ??= argumentsOf(step, this.request.variables))
  }

  /** What the placeholders of a step's request read. */
  scope(step: Step, given: { parent?: object; known?: Scope['known']; keys?: Json; args?: Scope['args'] }): Scope {
    const { context, header, plan } = this.request
    return {
      args: given.args ?? this.argsOf(step),
      parent: given.parent,
      known: given.known,
      keys: given.keys,
      mask: step.binding === undefined ? undefined : plan.masks?.get(step.binding.index),
      claims: context.caller.identity?.claims,
      header,
    }
  }
}
