import type { GraphQLObjectType } from 'graphql'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { type Directive, directiveOf } from '../directives.ts'
import type { Entity } from '../graph.ts'
import { bindDirective } from './binding.ts'
import { type BindContext, entityKeysOf, keyFieldOf, report } from './context.ts'

/** Types that have a key and a loader, by name. */
export const bindEntities = (
  context: BindContext,
  objects: readonly GraphQLObjectType[],
): ReadonlyMap<string, Entity> => {
  const entities = new Map<string, Entity>()
  for (const type of objects) {
    const entity = directiveOf('entity', type.astNode, ...type.extensionASTNodes)
    const loader = loaderOf(type)
    if (entity === undefined) {
      if (loader !== undefined)
        report(context, loader.directive.node, type.name, {
          code: 'PORTICO-108',
          message: `A binding on a type is the loader of an entity: add @entity(key: "id") to ${type.name}, or bind its fields.`,
        })
      continue
    }
    const names = entityKeysOf(entity)
    const keys = names.map((name) => keyFieldOf(type, name))
    const wrong = names.find((_name, index) => keys[index] === undefined)
    if (names.length === 0 || wrong !== undefined)
      report(context, entity.nodes['key'] ?? entity.node, type.name, {
        code: 'PORTICO-108',
        message: `The key of an entity is a plain field of it.${didYouMean(wrong ?? '', Object.keys(type.getFields()))}`,
      })
    else if (loader === undefined)
      report(context, entity.node, type.name, {
        code: 'PORTICO-108',
        message: `${type.name} is an entity without a loader: add @rest or @grpc to the type, with ${names.map((name) => `{keys.${name}}`).join(' and ')} in the request.`,
      })
    else if (loader.other !== undefined)
      report(context, loader.other.node, type.name, {
        code: 'PORTICO-102',
        message: `${type.name} has two loaders; keep one of @rest and @grpc.`,
      })
    else {
      const binding = bindDirective(context, {
        kind: loader.kind,
        directive: loader.directive,
        owner: { coordinate: type.name, type, field: undefined },
      })
      if (binding !== undefined)
        entities.set(type.name, { type: type.name, keys: keys.filter((key) => key !== undefined), binding })
    }
  }
  return entities
}

type Loader = { readonly kind: 'rest' | 'grpc'; readonly directive: Directive; readonly other: Directive | undefined }

const loaderOf = (type: GraphQLObjectType): Loader | undefined => {
  const [first, second] = (['rest', 'grpc'] as const).flatMap((kind) => {
    const directive = directiveOf(kind, type.astNode, ...type.extensionASTNodes)
    return directive === undefined ? [] : [{ kind, directive }]
  })
  return first && { ...first, other: second?.directive }
}
