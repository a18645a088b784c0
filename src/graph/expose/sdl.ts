import type { RootKind } from '../roots.ts'
import type { Exposed } from './expose.ts'
import { type Definition, printDefinition } from './print.ts'

/** Names of the root types of a schema, and which of them something else defines. */
export type Roots = {
  readonly names: Readonly<Record<RootKind, string>>
  readonly defined: ReadonlySet<RootKind>
}

export const plainRoots: Roots = {
  names: { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' },
  defined: new Set(),
}

const kinds = ['query', 'mutation', 'subscription'] as const

/** What is exposed as SDL: its root fields, then its types, then what is left out. */
export const sdlOf = ({ fields, types, left }: Exposed, { names, defined }: Roots): string =>
  [
    ...kinds.flatMap((kind): readonly string[] => {
      const members = fields.filter(({ exposed }) => exposed.kind === kind).map(({ member }) => member)
      if (members.length === 0) return []
      const root: Definition = {
        kind: defined.has(kind) ? 'extend type' : 'type',
        name: names[kind],
        of: kind,
        directives: [],
        members,
      }
      return [printDefinition(root)]
    }),
    ...types.map(printDefinition),
    ...left.map((sentence) => `# ${sentence}\n`),
  ].join('\n')

/** GraphQL demands a Query of every schema (specification §3.3.1). */
export const emptyQuery = (name: string): string =>
  `type ${name} {\n  "Stands for nothing: no method that is shown only reads."\n  _: Boolean\n}\n`
