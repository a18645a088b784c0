import { type GraphQLField, getNamedType, isInterfaceType, isObjectType } from 'graphql'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { directiveOf } from '../directives.ts'
import { rootTypes } from '../roots.ts'
import { type BindContext, report, sourceDirectives } from './context.ts'

const onObjectsOnly: ReadonlySet<string> = new Set([...sourceDirectives, 'from', 'auth', 'rateLimit'])

/** Refuses directives where they would do nothing: a rule that guards nothing is worse than none. */
export const checkReach = (context: BindContext): void => {
  const { schema } = context
  for (const root of rootTypes(schema)) {
    const auth = directiveOf('auth', root.astNode, ...root.extensionASTNodes)
    if (auth !== undefined)
      report(context, auth.node, root.name, {
        code: 'PORTICO-107',
        message: `@auth on a type guards the fields that return it, and none returns ${root.name}: put it on \`schema\`, for all root fields, or on fields.`,
      })
  }
  for (const type of Object.values(schema.getTypeMap()).filter(isInterfaceType))
    for (const { name, astNode } of Object.values(type.getFields())) {
      const directive = astNode?.directives?.find((node) => onObjectsOnly.has(node.name.value))
      if (directive !== undefined)
        report(context, directive, `${type.name}.${name}`, {
          code: 'PORTICO-107',
          message: `@${directive.name.value} does nothing on a field of an interface: put it on the fields of the types that implement ${type.name}.`,
        })
    }
  for (const type of Object.values(schema.getTypeMap()).filter(isObjectType))
    for (const field of Object.values(type.getFields())) checkListSize(context, `${type.name}.${field.name}`, field)
}

/** A slicing argument that does not exist would bound nothing. */
const checkListSize = (context: BindContext, coordinate: string, field: GraphQLField<unknown, unknown>): void => {
  const size = directiveOf('listSize', field.astNode)
  if (size === undefined) return
  const named = getNamedType(field.type)
  const known = {
    slicingArguments: field.args.map(({ name }) => name),
    sizedFields: isObjectType(named) || isInterfaceType(named) ? Object.keys(named.getFields()) : [],
  }
  for (const setting of ['slicingArguments', 'sizedFields'] as const)
    for (const name of (size.args[setting] as readonly string[] | undefined) ?? [])
      if (!known[setting].includes(name))
        report(context, size.nodes[setting] ?? size.node, coordinate, {
          code: 'PORTICO-104',
          message: `${setting === 'sizedFields' ? `${named.name} has no field` : `${coordinate} has no argument`} ${name}.${didYouMean(name, known[setting])}`,
        })
}
