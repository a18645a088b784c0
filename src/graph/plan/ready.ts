import { GraphQLBoolean, GraphQLID, GraphQLInt, type GraphQLOutputType, GraphQLString } from 'graphql'
import type { SelectedField } from './plan.ts'

/** A field before what its writer needs is found out. */
export type Planned = Omit<SelectedField, 'label' | 'member' | 'leaf'>

/** A field with what the writer of answers would find out again for every object. */
export const readily = (field: Planned, index: number): SelectedField => {
  const { key, value, rules, shape } = field
  const leaf = shape.kind === 'leaf' ? plainKinds.get(shape.type) : undefined
  const single = value.kind === 'read' && value.path.length === 1 && value.path[0] !== '__proto__'
  return {
    ...field,
    label: `${index === 0 ? '{' : ','}${JSON.stringify(key)}:`,
    leaf,
    member: leaf !== undefined && single && rules.length === 0 ? value.path[0] : undefined,
  }
}

const plainKinds: ReadonlyMap<GraphQLOutputType, SelectedField['leaf']> = new Map<
  GraphQLOutputType,
  SelectedField['leaf']
>([
  [GraphQLString, 'text'],
  [GraphQLID, 'text'],
  [GraphQLInt, 'int'],
  [GraphQLBoolean, 'truth'],
])
