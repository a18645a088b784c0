export { defineResolvers, type Resolver, type ResolverContext, type Resolvers } from './graph/execute/resolver.ts'
export { Problem, type ProblemOptions } from './kernel/problem.ts'
export { definePolicy, type Policy } from './policies/policy.ts'
export { createGateway, type Gateway, type GatewayOptions, type Reloaded, WorkspaceError } from './runtime/gateway.ts'
