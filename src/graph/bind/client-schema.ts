import { buildASTSchema, type DefinitionNode, type DocumentNode, type GraphQLSchema, Kind, visit } from 'graphql'
import { directiveOf } from '../directives.ts'
import { preludeDirectives, preludeScalars, preludeTypes } from '../prelude.ts'
import { withScalars } from '../scalars.ts'

const ours = (node: DefinitionNode): boolean => node.loc?.source.name === 'portico'

/** The schema clients see: without internal fields, without our directives, with only the scalars it uses. */
export const clientSchemaOf = (document: DocumentNode): GraphQLSchema => {
  const own: DocumentNode = { kind: Kind.DOCUMENT, definitions: document.definitions.filter((node) => !ours(node)) }
  const used = new Set<string>()
  const stripped = visit(own, {
    FieldDefinition: (node) => (directiveOf('internal', node) === undefined ? undefined : null),
    Directive: (node) => (preludeDirectives.has(node.name.value) ? null : undefined),
    NamedType: (node) => {
      used.add(node.name.value)
      return undefined
    },
  })
  const scalars = document.definitions.filter(
    (node) =>
      ours(node) &&
      node.kind === Kind.SCALAR_TYPE_DEFINITION &&
      preludeScalars.has(node.name.value) &&
      used.has(node.name.value),
  )
  return withScalars(
    buildASTSchema(
      { kind: Kind.DOCUMENT, definitions: [...scalars, ...stripped.definitions] },
      { assumeValidSDL: true },
    ),
  )
}

/** Whether a type belongs to our words rather than to the author's schema. */
export const isOwnWord = (name: string): boolean =>
  name.startsWith('__') || (preludeTypes.has(name) && !preludeScalars.has(name))
