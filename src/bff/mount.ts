import type { FastifyInstance } from 'fastify'
import type { BffPlan } from './bff.ts'
import { type EndpointMount, mountEndpoints } from './endpoint/mount.ts'
import { type GraphqlMount, mountGraphql } from './graphql/mount.ts'
import { createSlots } from './slots.ts'

/** Serves a BFF: its operations as endpoints, and its graph where the plan says so. */
export const mountBff = (
  app: FastifyInstance,
  bff: BffPlan,
  mount: Omit<GraphqlMount & EndpointMount, 'slots'>,
): void => {
  const shared = { ...mount, slots: createSlots(bff.subscriptions.connections, mount.runtime.openStreams) }
  mountEndpoints(app, bff, shared)
  if (bff.graphql) mountGraphql(app, bff, shared)
}
