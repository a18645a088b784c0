import {
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql'
import type { EndpointInput } from './endpoint.ts'

/** One parameter of an address. A variable that is an input object takes one for each of its members: `filter.color`. */
export type AddressParameter = {
  readonly name: string
  readonly from: 'path' | 'query'
  /** The variable, then the names of members that lead to the value. */
  readonly to: readonly [variable: string, ...members: string[]]
  /** A scalar, an enum, or a list of these. */
  readonly type: GraphQLInputType
  /** Whether a request without it is refused. */
  readonly required: boolean
  readonly fallback: { readonly value: unknown } | undefined
  readonly description: string | undefined
  readonly deprecated: boolean
}

/** Why a variable cannot come from a query or path; undefined where it can. */
export const whyNoParameter = (type: GraphQLInputType, from: 'path' | 'query'): string | undefined => {
  const bare = getNullableType(type)
  const nested = isListType(bare) ? getNullableType(bare.ofType) : undefined
  if (isListType(nested)) return `is a list of lists, which a ${from} cannot hold`
  if (!isInputObjectType(getNamedType(type))) return undefined
  if (from === 'path') return 'is an input object, which a path cannot hold'
  return whyNoMembers(type, [])
}

const whyNoMembers = (type: GraphQLInputType, above: readonly string[]): string | undefined => {
  const bare = getNullableType(type)
  const named = getNamedType(type)
  if (isListType(bare) && isListType(getNullableType(bare.ofType))) return 'holds a list of lists, which a query cannot'
  if (!isInputObjectType(named)) return undefined
  if (isListType(bare)) return 'holds a list of input objects, which a query cannot'
  if (above.includes(named.name)) return `holds ${named.name} inside of itself, which a query cannot`
  for (const field of Object.values(named.getFields())) {
    const why = whyNoMembers(field.type, [...above, named.name])
    if (why !== undefined) return why
  }
  return undefined
}

/** The parameters of an endpoint's address, those of one variable together. */
export const addressParameters = (inputs: readonly EndpointInput[]): readonly AddressParameter[] =>
  inputs.flatMap(({ variable, from, type, fallback, description }) =>
    from === 'path' || from === 'query'
      ? spread({
          name: variable,
          from,
          to: [variable],
          type,
          required: from === 'path' || mustBe(type, fallback),
          fallback,
          description,
          deprecated: false,
        })
      : [],
  )

const mustBe = (type: GraphQLInputType, fallback: unknown): boolean => isNonNullType(type) && fallback === undefined

const spread = (parameter: AddressParameter): readonly AddressParameter[] => {
  const { name, to, type, required, deprecated } = parameter
  const object = getNullableType(type)
  if (!isInputObjectType(object)) return [parameter]
  return Object.values(object.getFields()).flatMap((field) => {
    const fallback = field.defaultValue === undefined ? undefined : { value: field.defaultValue }
    return spread({
      ...parameter,
      name: `${name}.${field.name}`,
      to: [...to, field.name],
      type: field.type,
      required: required && mustBe(field.type, fallback),
      fallback,
      description: field.description ?? undefined,
      deprecated: deprecated || typeof field.deprecationReason === 'string',
    })
  })
}
