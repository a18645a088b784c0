import { type GraphQLSchema, getNamedType, isCompositeType, isInputObjectType, isObjectType } from 'graphql'
import type { Diagnostic } from '../../kernel/diagnostic.ts'
import { placeOfNode } from '../bind/sdl.ts'
import { directiveOf } from '../directives.ts'

/** What `@cost` and `@listSize` of a schema say, by coordinate: `Type`, `Type.field`, `Type.field(argument:)`. */
export type Weights = {
  /** Only what an author wrote. */
  readonly own: ReadonlyMap<string, number>
  /** What a type weighs where nobody said anything: 1 for what has fields, 0 for a leaf. */
  readonly standard: ReadonlyMap<string, number>
  /** Fields whose slicing arguments may be given in any number; elsewhere it is exactly one. */
  readonly anySlicing: ReadonlySet<string>
}

type Directed = NonNullable<Parameters<typeof directiveOf>[1]>

/** Reads the weights of a schema (IBM GraphQL cost directive specification §3). */
export const readWeights = (
  schema: GraphQLSchema,
): { readonly weights: Weights; readonly diagnostics: readonly Diagnostic[] } => {
  const own = new Map<string, number>()
  const standard = new Map<string, number>()
  const anySlicing = new Set<string>()
  const diagnostics: Diagnostic[] = []
  const note = (coordinate: string, ...nodes: readonly (Directed | null | undefined)[]): void => {
    const cost = directiveOf('cost', ...nodes)
    if (cost === undefined) return
    const weight = Number(cost.args['weight'])
    if (Number.isFinite(weight) && cost.args['weight'] !== '') own.set(coordinate, weight)
    else
      diagnostics.push({
        severity: 'error',
        code: 'PORTICO-407',
        place: placeOfNode(cost.nodes['weight'] ?? cost.node),
        coordinate,
        message: `A weight is a number as text, such as "2.5", not ${JSON.stringify(cost.args['weight'])}.`,
      })
  }
  for (const type of Object.values(schema.getTypeMap())) {
    standard.set(type.name, isCompositeType(type) || isInputObjectType(type) ? 1 : 0)
    note(type.name, type.astNode, ...type.extensionASTNodes)
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields())) note(`${type.name}.${field.name}`, field.astNode)
    if (!isObjectType(type)) continue
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`
      note(coordinate, field.astNode)
      for (const argument of field.args) note(`${coordinate}(${argument.name}:)`, argument.astNode)
      if (directiveOf('listSize', field.astNode)?.args['requireOneSlicingArgument'] === false)
        anySlicing.add(coordinate)
    }
  }
  return { weights: { own, standard, anySlicing }, diagnostics }
}

/** What a thing of some type weighs: as it says itself, as its type says, or as its kind does. */
export const weightAt = (
  { own, standard }: Weights,
  coordinate: string,
  type: Parameters<typeof getNamedType>[0],
): number => {
  const { name } = getNamedType(type) as { readonly name: string }
  return own.get(coordinate) ?? own.get(name) ?? standard.get(name) ?? 0
}
