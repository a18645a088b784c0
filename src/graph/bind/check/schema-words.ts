import { isEnumType, isInputObjectType } from 'graphql'
import { directiveOf } from '../../directives.ts'
import { type BindContext, report } from '../context.ts'
import { spellingsOf } from '../templates.ts'

/** What `@from` says of enums and inputs: a spelling is one value's, and an input field's name is one word. */
export const checkFrom = (context: BindContext): void => {
  for (const type of Object.values(context.schema.getTypeMap())) {
    if (isEnumType(type)) {
      const taken = new Map<string, string>()
      for (const value of type.getValues())
        for (const spelling of spellingsOf(value)) {
          const other = taken.get(spelling)
          taken.set(spelling, value.name)
          if (other !== undefined && value.astNode)
            report(context, value.astNode, `${type.name}.${value.name}`, {
              code: 'PORTICO-112',
              message: `"${spelling}" stands for ${other} already; an answer can be one value only.`,
            })
        }
    }
    if (!isInputObjectType(type)) continue
    for (const field of Object.values(type.getFields())) {
      const from = directiveOf('from', field.astNode)
      const path = from?.args['path']
      if (from !== undefined && typeof path === 'string' && path.includes('.'))
        report(context, from.nodes['path'] ?? from.node, `${type.name}.${field.name}`, {
          code: 'PORTICO-113',
          message: `@from renames an input field and does not move it: "${path}" would be sent as one name. Nest an input type instead.`,
        })
    }
  }
}
