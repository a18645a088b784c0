import { type GraphQLField, type GraphQLInputType, getNullableType, isInputObjectType } from 'graphql'
import { directiveOf } from '../../directives.ts'

/** The type of what `{args.first.second}` reads; undefined where there is no such argument, and of a map, which is sent as another shape. */
export const argumentType = (
  field: GraphQLField<unknown, unknown> | undefined,
  [first, ...rest]: readonly string[],
): GraphQLInputType | undefined => {
  const argument = field?.args.find(({ name }) => name === first)
  if (directiveOf('from', argument?.astNode)?.args['map'] === true) return undefined
  return rest.reduce<GraphQLInputType | undefined>((at, name) => {
    const named = at && getNullableType(at)
    return isInputObjectType(named) ? named.getFields()[name]?.type : undefined
  }, argument?.type)
}
