import { type ConstValueNode, Kind, valueFromASTUntyped } from 'graphql'
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
  { values, node, owner }: { values: unknown; node: Parameters<typeof bindTemplate>[1]['node']; owner: Owner },
): NamedTemplate[] | undefined => {
  const list = (values ?? []) as readonly { name: string; value: string }[]
  const bound = list.flatMap(({ name, value }) => {
    const template = bindTemplate(context, { text: value, owner, node })
    return template === undefined ? [] : [{ name, value: template }]
  })
  return bound.length === list.length ? bound : undefined
}
