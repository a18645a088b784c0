import { type GraphQLObjectType, isObjectType } from 'graphql'
import { type Graph, isInline } from '../../graph.ts'
import { membersOf } from './under-lists.ts'

/**
 * Fields of types that lead back to themselves by way of a call: a client may turn there as often as `limits.depth`
 * lets it, with more calls each time. Trees that one answer holds whole are none. By coordinate.
 */
export const fieldsThatRecur = (graph: Graph): ReadonlySet<string> => {
  const component = componentsOf(graph)
  const calling = new Set<number>()
  const inside: { readonly coordinate: string; readonly of: number }[] = []
  for (const [coordinate, { source }] of graph.fields) {
    const [typeName = '', fieldName = ''] = coordinate.split('.')
    const type = graph.schema.getType(typeName)
    const field = isObjectType(type) ? type.getFields()[fieldName] : undefined
    if (!isObjectType(type) || field === undefined) continue
    const of = component.get(type)
    if (of === undefined || !membersOf(graph.schema, field).some((member) => component.get(member) === of)) continue
    inside.push({ coordinate, of })
    if (!isInline(source)) calling.add(of)
  }
  return new Set(inside.filter(({ of }) => calling.has(of)).map(({ coordinate }) => coordinate))
}

/**
 * Which types reach each other, as a number for each type (Kosaraju: two walks, linear). Without recursion, since a way
 * through a large schema may be longer than a stack.
 */
const componentsOf = ({ schema, fields }: Graph): ReadonlyMap<GraphQLObjectType, number> => {
  const types = Object.values(schema.getTypeMap()).filter(isObjectType)
  const ahead = new Map<GraphQLObjectType, readonly GraphQLObjectType[]>()
  const behind = new Map<GraphQLObjectType, GraphQLObjectType[]>(types.map((type) => [type, []]))
  for (const type of types) {
    const read = Object.values(type.getFields()).filter(({ name }) => fields.has(`${type.name}.${name}`))
    const members = read.flatMap((field) => membersOf(schema, field))
    ahead.set(type, members)
    for (const member of members) behind.get(member)?.push(type)
  }
  const component = new Map<GraphQLObjectType, number>()
  for (const [number, first] of leftLast(types, ahead).toReversed().entries()) {
    if (component.has(first)) continue
    const same = new Set([first])
    for (const type of same) {
      component.set(type, number)
      for (const before of behind.get(type) ?? []) if (!component.has(before)) same.add(before)
    }
  }
  return component
}

/** Types in the order in which a walk into the depth leaves them. */
const leftLast = (
  types: readonly GraphQLObjectType[],
  ahead: ReadonlyMap<GraphQLObjectType, readonly GraphQLObjectType[]>,
): readonly GraphQLObjectType[] => {
  const left: GraphQLObjectType[] = []
  const met = new Set<GraphQLObjectType>()
  for (const first of types) {
    if (met.has(first)) continue
    met.add(first)
    const way = [{ type: first, next: 0 }]
    for (let at = way.at(-1); at !== undefined; at = way.at(-1)) {
      const member = ahead.get(at.type)?.[at.next]
      at.next += 1
      if (member === undefined) {
        left.push(at.type)
        way.pop()
      } else if (!met.has(member)) {
        met.add(member)
        way.push({ type: member, next: 0 })
      }
    }
  }
  return left
}
