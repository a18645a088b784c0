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

/** Which types reach each other, as a number for each type (Tarjan 1972: one walk, so that large schemas cost little). */
const componentsOf = ({ schema, fields }: Graph): ReadonlyMap<GraphQLObjectType, number> => {
  const component = new Map<GraphQLObjectType, number>()
  const order = new Map<GraphQLObjectType, number>()
  const open: GraphQLObjectType[] = []
  const visit = (type: GraphQLObjectType): number => {
    const own = order.size
    order.set(type, own)
    open.push(type)
    let least = own
    for (const field of Object.values(type.getFields())) {
      if (!fields.has(`${type.name}.${field.name}`)) continue
      for (const member of membersOf(schema, field)) {
        if (component.has(member)) continue
        least = Math.min(least, order.get(member) ?? visit(member))
      }
    }
    if (least < own) return least
    for (let last = open.pop(); last !== undefined; last = open.pop()) {
      component.set(last, own)
      if (last === type) break
    }
    return least
  }
  for (const type of Object.values(schema.getTypeMap()).filter(isObjectType)) if (!order.has(type)) visit(type)
  return component
}
