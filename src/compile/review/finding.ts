import type { Path } from '../../config/shape.ts'
import type { Code } from '../../kernel/codes/codes.ts'
import type { Place } from '../../kernel/diagnostic.ts'
import type { WorkspaceSettings } from '../compile.ts'
import type { Plan } from '../plan.ts'

/** What rules look at: what is written, and what it comes to. */
export type Ground = WorkspaceSettings & {
  readonly plan: Plan
  /** Milliseconds since 1970. */
  readonly now: number
}

/** What a rule has found: at a setting, or anywhere in the files of a workspace. */
export type Found = {
  readonly code: Code
  /** What is there, and what to do about it. */
  readonly message: string
} & ({ readonly path: Path } | { readonly place: Place; readonly coordinate: string })

/** Finds one kind of weakness, or several that are seen together. */
export type Rule = (ground: Ground) => readonly Found[]

/** A BFF or route that policies stand before, with what it says of them. */
export type Entry = {
  readonly path: Path
  readonly name: string
  readonly settings: Pick<WorkspaceSettings['config']['routes'][number], 'auth' | 'rateLimit' | 'cors'>
}

/** What is open to clients: BFFs, then routes that reach services. Redirects and fixed answers give nothing away. */
export const entriesOf = ({ config }: Ground): readonly Entry[] => [
  ...Object.entries(config.bffs).map(([name, settings]) => ({ path: ['bffs', name], name, settings })),
  ...config.routes.flatMap((settings, index) =>
    'redirect' in settings || 'respond' in settings ? [] : [{ path: ['routes', index], name: settings.path, settings }],
  ),
]

/** Whether who shows nothing comes in. */
export const admitsStrangers = ({ settings: { auth } }: Entry): boolean => auth === undefined || auth.optional
