import { type ConstValueNode, Kind, type StringValueNode, valueFromASTUntyped } from 'graphql'
import type { Json } from '../../kernel/json.ts'
import type { NamedTemplate, ValueTemplate } from '../request.ts'
import type { BindContext, Owner } from './context.ts'
import { bindTemplate } from './templates.ts'

/** A value of a directive with its strings read as templates; undefined when one is wrong, with the mistakes reported. */
export const bindValue = (
  context: BindContext,
  { node, owner }: { node: ConstValueNode; owner: Owner },
): ValueTemplate | undefined => {
  switch (node.kind) {
    case Kind.STRING: {
      const template = bindTemplate(context, { text: node.value, owner, node })
      return template && { kind: 'template', template }
    }
    case Kind.OBJECT: {
      const fields = node.fields.map(
        (field) => [field.name.value, bindValue(context, { node: field.value, owner })] as const,
      )
      const sound = fields.filter((field): field is readonly [string, ValueTemplate] => field[1] !== undefined)
      return sound.length === fields.length ? { kind: 'object', fields: sound } : undefined
    }
    case Kind.LIST: {
      const items = node.values.map((value) => bindValue(context, { node: value, owner }))
      const sound = items.filter((item) => item !== undefined)
      return sound.length === items.length ? { kind: 'list', items: sound } : undefined
    }
    default:
      return { kind: 'literal', value: valueFromASTUntyped(node) as Json }
  }
}

/** A list of `{ name, value }` with the values read as templates. */
export const bindNamed = (
  context: BindContext,
  { node, owner }: { node: ConstValueNode | undefined; owner: Owner },
): NamedTemplate[] | undefined => {
  const items = node?.kind === Kind.LIST ? node.values : node === undefined ? [] : [node]
  const bound = items.flatMap((item) => {
    const name = textOf(item, 'name')
    const value = textOf(item, 'value')
    if (name === undefined || value === undefined) return []
    const template = bindTemplate(context, { text: value.value, owner, node: value })
    return template === undefined ? [] : [{ name: name.value, value: template }]
  })
  return bound.length === items.length ? bound : undefined
}

const textOf = (item: ConstValueNode, name: string): StringValueNode | undefined => {
  const field = item.kind === Kind.OBJECT ? item.fields.find((one) => one.name.value === name) : undefined
  return field?.value.kind === Kind.STRING ? field.value : undefined
}
