import DataLoader from 'dataloader'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Json } from '../../kernel/json.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import { Aborter, abortSignalOf } from '../../kernel/signal.ts'
import { TimeLimit } from '../../kernel/timer.ts'
import type { CallContext, Reply } from '../../services/call.ts'
import { deadlineProblem } from '../../services/guards/aborted.ts'
import type { ResolverSource } from '../graph.ts'
import { type ConnectedClient, type GrpcClient, lazily, type RestClient } from './clients.ts'

/** What a pure function gets beside its parents and arguments: nothing its value could depend on. */
export type PureContext = {
  /** Aborts when nobody waits any more, and at the deadline. */
  readonly signal: AbortSignal
  /** When the operation's budget ends, in milliseconds since 1970; Infinity where it never does. */
  readonly deadline: number
}

/** What a resolver function gets beside its parents and arguments. */
export type ResolverContext = PureContext & {
  readonly caller: Caller
  /** An entity by its key, as its service holds it: batched, and shared with the rest of the operation. */
  readonly load: Readonly<Record<string, (key: string | number) => Promise<unknown>>>
  /** The REST services that `calls` of `@resolver` lists. */
  readonly rest: Readonly<Record<string, RestClient>>
  /** The gRPC services that `calls` of `@resolver` lists. */
  readonly grpc: Readonly<Record<string, GrpcClient>>
}

type Parent = Readonly<Record<string, unknown>>
type Args = Readonly<Record<string, unknown>>

/** A field written in TypeScript: for one parent at a time, or for all parents of the place at once. */
export type Resolver<P = Parent, A = Args, Result = unknown, Context = ResolverContext> =
  | { readonly resolve: (parent: P, args: A, context: Context) => Result | Promise<Result> }
  | {
      /** One value, or an Error, for each parent in their order. */
      readonly resolveMany: (
        parents: readonly P[],
        args: A,
        context: Context,
      ) => readonly (Result | Error)[] | Promise<readonly (Result | Error)[]>
    }

/** The functions that `@resolver(fn: …)` names; a bare function resolves one parent at a time. */
export type Resolvers = Readonly<Record<string, Resolver | Extract<Resolver, { resolve: unknown }>['resolve']>>

/** What `portico types` writes of a BFF: by the function's name, what it gets and what it gives. */
export type ResolverSchema = {
  readonly resolvers: Readonly<
    Record<
      string,
      { readonly parent: unknown; readonly args: unknown; readonly result: unknown; readonly context: object }
    >
  >
}

/** The functions a schema of `portico types` asks for. */
export type ResolversOf<S extends ResolverSchema> = {
  readonly [Name in keyof S['resolvers']]: S['resolvers'][Name] extends {
    readonly parent: infer P
    readonly args: infer A
    readonly result: infer Result
    readonly context: infer Own
  }
    ? Functions<P, A, Result, PureContext & Own>
    : never
}

type Functions<P, A, Result, Context> =
  | Resolver<P, A, Result, Context>
  | ((parent: P, args: A, context: Context) => Result | Promise<Result>)

type DefineResolvers = {
  <const R extends Resolvers>(resolvers: R): R
  <S extends ResolverSchema>(resolvers: ResolversOf<S>): ResolversOf<S>
}

/** Types the functions of a workspace's resolver module: exactly by what `portico types` wrote, or loosely without. */
export const defineResolvers: DefineResolvers = (resolvers: object) => resolvers as never

export type ResolverRun = {
  readonly coordinate: string
  readonly source: Pick<ResolverSource, 'pure' | 'calls'>
  readonly parents: readonly Parent[]
  readonly args: Args
  readonly context: CallContext
  readonly clock: Clock
  readonly clients: ReadonlyMap<string, ConnectedClient> | undefined
  /** Counts a call against the operation's bound. Throws RESOURCE_EXHAUSTED past it. */
  readonly count: (service: string) => void
  readonly loadEntity: (type: string, keys: readonly Json[]) => Promise<readonly unknown[]>
  readonly isEntity: (type: string) => boolean
}

/**
 * One value or Problem for each parent, in their order; a promise only where a function makes one. Whatever a resolver
 * throws stays its own field's failure, and one that hangs is cut at the operation's deadline; only a loop that never
 * yields holds the process.
 */
export const runResolver = (
  resolver: Resolver | undefined,
  run: ResolverRun,
): readonly unknown[] | Promise<readonly unknown[]> => {
  const { coordinate, parents, args } = run
  if (resolver === undefined) throw new Error(`${coordinate} has no resolver function.`)
  const limit = new Limit(run)
  const context = contextOf(run, limit)
  const ended = (values: readonly unknown[]): readonly unknown[] => {
    limit.end()
    return values
  }
  if ('resolve' in resolver) {
    const values = parents.map((parent) => limit.settled(() => resolver.resolve(parent, args, context)))
    return values.some((value) => value instanceof Promise) ? Promise.all(values).then(ended) : ended(values)
  }
  const values = limit.settled(() => resolver.resolveMany(parents, args, context))
  return values instanceof Promise
    ? values.then((made) => ended(oneForEach(made, run)))
    : ended(oneForEach(values, run))
}

const oneForEach = (values: unknown, { coordinate, parents }: ResolverRun): readonly unknown[] => {
  if (Array.isArray(values) && values.length === parents.length) return values
  const problem =
    values instanceof Problem
      ? values
      : asProblem(new Error(`resolveMany of ${coordinate} must return one value for each parent.`))
  return parents.map(() => problem)
}

/** How long functions may take: until nobody waits, or the deadline. Listens and counts only for what is not done at once. */
class Limit {
  readonly aborter = new Aborter()
  readonly #run: ResolverRun
  #limit: TimeLimit | undefined
  #over: Promise<Problem> | undefined
  #cut: ((problem: Problem) => void) | undefined

  constructor(run: ResolverRun) {
    this.#run = run
  }

  /** What a function makes, or the Problem it fails with; a promise only where the function makes one. */
  settled(make: () => unknown): unknown {
    let made: unknown
    try {
      made = make()
    } catch (error) {
      return asProblem(error)
    }
    if (!isThenable(made)) return made
    return Promise.race([Promise.resolve(made).catch(asProblem), this.start()])
  }

  /** Resolves with the reason once the time is over; the signal aborts with it. */
  start(): Promise<Problem> {
    const { context, clock } = this.#run
    this.#over ??= new Promise((resolve) => {
      this.#cut = (problem) => {
        this.aborter.abort(problem)
        resolve(problem)
      }
      const left = context.deadline - clock.now()
      if (context.signal.aborted) return this.handleEvent()
      context.signal.addEventListener('abort', this)
      if (Number.isFinite(left)) this.#limit = new TimeLimit(left, { onTime: () => this.#cut?.(this.#late()) })
    })
    return this.#over
  }

  /** The listener of the operation's signal. */
  handleEvent(): void {
    const { reason } = this.#run.context.signal
    this.#cut?.(
      reason instanceof Problem ? reason : new Problem('CANCELLED', 'The client went away before the answer came.'),
    )
  }

  /** Ends with its functions what they have left behind. */
  end(): void {
    if (this.#over === undefined) return
    this.#limit?.end()
    this.#run.context.signal.removeEventListener('abort', this)
    this.aborter.abort()
  }

  #late(): Problem {
    return new Problem('DEADLINE_EXCEEDED', `${this.#run.coordinate} did not answer in time.`)
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  value !== null && typeof value === 'object' && typeof (value as { then?: unknown }).then === 'function'

/**
 * What every function gets. A class, for getters of an object literal give each object a hidden class of its own, which
 * only a full collection takes away: it was a fifth of what `{ greet }` cost (`npm run bench -- W4G`).
 */
class PureContextOfRun implements PureContext {
  readonly #run: ResolverRun
  readonly #limit: Limit

  constructor(run: ResolverRun, limit: Limit) {
    this.#run = run
    this.#limit = limit
  }

  get signal(): AbortSignal {
    void this.#limit.start()
    return abortSignalOf(this.#limit.aborter)
  }

  get deadline(): number {
    const { clock, context } = this.#run
    return clock.date() + (context.deadline - clock.now())
  }
}

const contextOf = (run: ResolverRun, limit: Limit): ResolverContext => {
  const { context, source } = run
  const pure: PureContext = new PureContextOfRun(run, limit)
  // Its type says less than it gets nothing: what reads the caller all the same, fails.
  if (source.pure) return pure as ResolverContext
  const ask = async (service: string, call: (context: CallContext) => Promise<Reply>): Promise<Json> => {
    run.count(service)
    void limit.start()
    if (limit.aborter.aborted) throw limit.aborter.reason ?? deadlineProblem(service)
    return (await call({ ...context, signal: limit.aborter })).output
  }
  const listed = (name: string): ConnectedClient | undefined =>
    source.calls.includes(name) ? run.clients?.get(name) : undefined
  return Object.defineProperties(pure as ResolverContext, {
    caller: { value: context.caller, enumerable: true },
    load: { value: loadersOf(run), enumerable: true },
    rest: {
      value: lazily((name) => {
        const client = listed(name)
        return client?.kind === 'rest' ? client.client(ask) : undefined
      }),
      enumerable: true,
    },
    grpc: {
      value: lazily((name) => {
        const client = listed(name)
        return client?.kind === 'grpc' ? client.client(ask) : undefined
      }),
      enumerable: true,
    },
  })
}

const loadersOf = ({ loadEntity, isEntity }: ResolverRun): ResolverContext['load'] => {
  const loaders = new Map<string, DataLoader<Json, unknown>>()
  return lazily((type) => {
    if (!isEntity(type)) return undefined
    let loader = loaders.get(type)
    if (loader === undefined) {
      loader = new DataLoader(async (keys: readonly Json[]) =>
        (await loadEntity(type, keys)).map((value) => value as Error),
      )
      loaders.set(type, loader)
    }
    const loads = loader
    return (key) => loads.load(key)
  })
}
