import type { GraphQLObjectType, GraphQLSchema } from 'graphql'

export type RootKind = 'query' | 'mutation' | 'subscription'

/** Which root a type is; undefined for every other type. */
export const rootKind = (schema: GraphQLSchema, type: GraphQLObjectType): RootKind | undefined => {
  if (type === schema.getQueryType()) return 'query'
  if (type === schema.getMutationType()) return 'mutation'
  return type === schema.getSubscriptionType() ? 'subscription' : undefined
}

/** The root type of a kind; undefined where the schema has none. */
export const rootTypeOf = (schema: GraphQLSchema, kind: RootKind): GraphQLObjectType | undefined => {
  if (kind === 'query') return schema.getQueryType() ?? undefined
  return (kind === 'mutation' ? schema.getMutationType() : schema.getSubscriptionType()) ?? undefined
}

/** The root types a schema has. */
export const rootTypes = (schema: GraphQLSchema): readonly GraphQLObjectType[] =>
  [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter(
    (type): type is GraphQLObjectType => type !== undefined && type !== null,
  )
