import { dirname, join, relative } from 'node:path'
import { resolverTypes } from '../graph/typescript/resolvers.ts'
import type { Plan } from './plan.ts'

/** A module of types for each BFF that has a resolver module, beside it: `schema/web.types.ts`. */
export const typeFiles = (
  { bffs, services }: Pick<Plan, 'bffs' | 'services'>,
  workspaceDir: string,
): readonly { readonly file: string; readonly text: string }[] =>
  bffs.flatMap(({ served: { name, graph, resolvers } }) =>
    resolvers === undefined
      ? []
      : [
          {
            file: relative(workspaceDir, join(dirname(resolvers), `${name}.types.ts`)),
            text: resolverTypes({ bff: name, graph, services }),
          },
        ],
  )
