import type { FastifyInstance, RouteShorthandOptions } from 'fastify'
import type { BffPlan } from './bff.ts'
import { mountEndpoints } from './endpoint/mount.ts'
import { type GraphqlMount, mountGraphql } from './graphql/mount.ts'

/** Serves a BFF: its operations as endpoints, and its graph where the plan says so. */
export const mountBff = (
  app: FastifyInstance,
  bff: BffPlan,
  mount: Omit<GraphqlMount, 'hooks'> & { readonly hooks: RouteShorthandOptions },
): void => {
  mountEndpoints(app, bff, mount)
  if (bff.graphql) mountGraphql(app, bff, mount)
}
