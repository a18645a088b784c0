export { createGateway, type Gateway, type GatewayOptions } from './admin/gateway.ts'
export type { GrpcClient, RestClient, RestOptions } from './graph/execute/clients.ts'
export {
  defineResolvers,
  type PureContext,
  type Resolver,
  type ResolverContext,
  type ResolverSchema,
  type Resolvers,
  type ResolversOf,
} from './graph/execute/resolver.ts'
export { Problem, type ProblemOptions } from './kernel/problem.ts'
export { definePolicy, type Policy } from './policies/policy.ts'
export { WorkspaceError } from './runtime/gateway.ts'
export type { Reloaded } from './runtime/reloaded.ts'
