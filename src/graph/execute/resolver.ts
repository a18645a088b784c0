import DataLoader from 'dataloader'
import type { Caller } from '../../kernel/caller.ts'
import type { Json } from '../../kernel/json.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import { abortSignalOf } from '../../kernel/signal.ts'
import type { CallContext } from '../../services/call.ts'

/** What a resolver function gets beside its parents and arguments. */
export type ResolverContext = {
  readonly caller: Caller
  readonly signal: AbortSignal
  /** The entity loaders, batched and shared with the rest of the operation: `load('User').load(id)`. */
  readonly load: (entity: string) => DataLoader<Json, unknown>
}

type Parent = Readonly<Record<string, unknown>>
type Args = Readonly<Record<string, unknown>>

/** A field written in TypeScript: for one parent at a time, or for all parents of the place at once. */
export type Resolver =
  | { readonly resolve: (parent: Parent, args: Args, context: ResolverContext) => unknown }
  | {
      readonly resolveMany: (
        parents: readonly Parent[],
        args: Args,
        context: ResolverContext,
      ) => readonly unknown[] | Promise<readonly unknown[]>
    }

/** The functions that `@resolver(fn: …)` names; a bare function resolves one parent at a time. */
export type Resolvers = Readonly<Record<string, Resolver | Extract<Resolver, { resolve: unknown }>['resolve']>>

/** Types the functions of a workspace's resolver module. */
export const defineResolvers = <const R extends Resolvers>(resolvers: R): R => resolvers

export type ResolverRun = {
  readonly coordinate: string
  readonly parents: readonly Parent[]
  readonly args: Args
  readonly context: CallContext
  readonly loadEntity: (type: string, keys: readonly Json[]) => Promise<readonly unknown[]>
}

/** One value or Problem for each parent, in their order. Whatever a resolver throws stays its own field's failure. */
export const runResolver = async (resolver: Resolver | undefined, run: ResolverRun): Promise<readonly unknown[]> => {
  if (resolver === undefined) throw new Error(`${run.coordinate} has no resolver function.`)
  const context = resolverContext(run)
  if ('resolve' in resolver)
    return Promise.all(run.parents.map((parent) => settled(() => resolver.resolve(parent, run.args, context))))
  const values = await settled(() => resolver.resolveMany(run.parents, run.args, context))
  if (Array.isArray(values) && values.length === run.parents.length) return values
  const problem =
    values instanceof Problem
      ? values
      : asProblem(new Error(`resolveMany of ${run.coordinate} must return one value for each parent.`))
  return run.parents.map(() => problem)
}

const settled = async (make: () => unknown): Promise<unknown> => {
  try {
    return await make()
  } catch (error) {
    return asProblem(error)
  }
}

const resolverContext = ({ context, loadEntity }: ResolverRun): ResolverContext => {
  const loaders = new Map<string, DataLoader<Json, unknown>>()
  return {
    caller: context.caller,
    get signal() {
      return abortSignalOf(context.signal)
    },
    load: (entity) => {
      let loader = loaders.get(entity)
      if (loader === undefined) {
        loader = new DataLoader(async (keys: readonly Json[]) =>
          (await loadEntity(entity, keys)).map((value) => value as Error),
        )
        loaders.set(entity, loader)
      }
      return loader
    },
  }
}
