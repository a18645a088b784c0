import {
  type ASTNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
} from 'graphql'
import { didYouMean } from '../../../kernel/diagnostic.ts'
import {
  formsOf,
  type OpenApiDocument,
  type OpenApiSchema,
  propertiesOf,
  typeOf,
} from '../../../services/openapi/document.ts'
import { directiveOf } from '../../directives.ts'
import type { Binding } from '../../graph.ts'
import { type BindContext, readPathOf, report } from '../context.ts'

/** What a value may be, by `oneOf`, `anyOf` or several types: at least one form. */
type Forms = readonly OpenApiSchema[]

/** What may stand at a path; undefined where the document does not say, a phrase where it says that nothing does. */
export const follow = (
  document: OpenApiDocument,
  start: Forms | undefined,
  path: readonly string[],
): Forms | string | undefined => {
  let forms = start
  for (const name of path) {
    if (forms === undefined) return undefined
    const objects = forms.map((form) => propertiesOf(document, form))
    const inner: OpenApiSchema[] = []
    for (const properties of objects) {
      if (properties === undefined) return undefined
      if (!Object.hasOwn(properties, name)) continue
      const found = formsOf(document, properties[name])
      if (found === undefined) return undefined
      inner.push(...found)
    }
    if (inner.length === 0) {
      const names = new Set(objects.flatMap((properties) => Object.keys(properties ?? {})))
      return `has no field ${name}.${didYouMean(name, names)}`
    }
    forms = inner
  }
  return forms
}

export type OpenApiWalk = {
  readonly context: BindContext
  readonly document: OpenApiDocument
  readonly seen: Set<string>
  /** What first made an object of each type, by type name. */
  readonly suppliers: Map<string, string>
}

type Answered = {
  readonly type: GraphQLOutputType
  readonly forms: Forms
  readonly binding: Binding
  readonly node: ASTNode
}

/** Whether what a binding answers is what the schema says of it. */
export const checkAnswer = (walk: OpenApiWalk, { type, forms, binding, node }: Answered): void => {
  const { batch, coordinate } = binding
  if (batch === undefined) return checkValue(walk, { type, forms, coordinate, node, binding })
  if (batch.items !== undefined || forms.some((form) => typeOf(form) !== 'array')) return
  const items = itemsOf(walk.document, forms)
  if (items !== undefined) checkValue(walk, { type: getNamedType(type), forms: items, coordinate, node, binding })
}

const itemsOf = (document: OpenApiDocument, arrays: Forms): Forms | undefined => {
  const items = arrays.map((form) => formsOf(document, form['items']))
  return items.includes(undefined) ? undefined : items.flatMap((one) => one ?? [])
}

type Value = Answered & { readonly coordinate: string }

/** A value that may have several forms fits where one of them does. */
const checkValue = (walk: OpenApiWalk, { type, forms, coordinate, node, binding }: Value): void => {
  const { context, document } = walk
  const nullable = getNullableType(type)
  const named = getNamedType(type)
  if (named.name === 'JSON') return
  const said = forms.map(typeOf)
  const known = said.filter((one) => one !== undefined)
  const all = known.length === said.length
  const words = [...new Set(known)].join(' or ')
  const wrong = (message: string): undefined => report(context, node, coordinate, { code: 'PORTICO-906', message })
  if (isListType(nullable)) {
    const arrays = forms.filter((form) => typeOf(form) === 'array')
    if (arrays.length === 0)
      return all ? wrong(`${coordinate} is a list, but ${document.file} says ${words}.`) : undefined
    const items = all ? itemsOf(document, arrays) : undefined
    return items && checkValue(walk, { type: nullable.ofType, forms: items, coordinate, node, binding })
  }
  const single = forms.filter((form) => typeOf(form) !== 'array')
  if (single.length === 0)
    return wrong(`${document.file} says list here, but ${coordinate} is none: write its type in [ ].`)
  if (isObjectType(nullable)) {
    const objects = single.filter((form) => (typeOf(form) ?? 'object') === 'object')
    return objects.length > 0
      ? checkObject(walk, { type: nullable, forms: objects, binding })
      : wrong(`${coordinate} is an object, but ${document.file} says ${words}.`)
  }
  const fits = single.some((form) => !unfitFor(typeOf(form), form['format']).includes(named.name))
  const formats = [...new Set(single.flatMap(({ format }) => (typeof format === 'string' ? [format] : [])))]
  return fits
    ? undefined
    : wrong(
        `${coordinate} is ${named.name}, but ${document.file} says ${words}${formats.length === 0 ? '' : ` (${formats.join(', ')})`}.`,
      )
}

/** Scalars that cannot hold a JSON type. */
export const unfitFor = (type: string | undefined, format: unknown): readonly string[] => {
  if (type === 'string') return ['Int', 'Float', 'Boolean', 'UInt32']
  if (type === 'boolean') return ['Int', 'Float', 'ID', 'Int64', 'UInt64', 'UInt32', 'DateTime', 'Duration', 'Decimal']
  if (type === 'number') return ['Int', 'Int64', 'UInt64', 'UInt32', 'Boolean', 'ID', 'DateTime']
  if (type === 'integer') return ['Boolean', 'DateTime', ...(format === 'int64' ? ['Int'] : [])]
  return type === 'object' ? ['Int', 'Float', 'Boolean', 'ID', 'String', 'DateTime'] : []
}

type Made = { readonly type: GraphQLObjectType; readonly forms: Forms; readonly binding: Binding }

const checkObject = (walk: OpenApiWalk, { type, forms, binding }: Made): void => {
  const { context, document, seen, suppliers } = walk
  const properties = forms.map((form) => propertiesOf(document, form))
  if (properties.includes(undefined)) return
  const supplier = properties.map((one) => Object.keys(one ?? {}).join(' ')).join(' | ')
  const visit = `${type.name} ${supplier}`
  if (seen.has(visit)) return
  seen.add(visit)
  const first = suppliers.get(type.name) ?? supplier
  suppliers.set(type.name, first)
  for (const field of Object.values(type.getFields())) {
    const path = readPathOf(field)
    if (path === undefined || !field.astNode) continue
    const coordinate = `${type.name}.${field.name}`
    const found = follow(document, forms, path)
    if (found === undefined) continue
    if (typeof found !== 'string') {
      checkValue(walk, { type: field.type, forms: found, coordinate, node: field.astNode, binding })
      continue
    }
    // What an entity lacks inside of another's answer is asked of its loader.
    if (isEntity(type) && binding.coordinate !== type.name) continue
    report(
      context,
      field.astNode,
      coordinate,
      first === supplier
        ? {
            code: 'PORTICO-904',
            message: `What ${document.file} says of ${type.name} ${found} Name another by @from(path: "…").`,
          }
        : {
            code: 'PORTICO-503',
            message: `${type.name} is reached by several paths, and what ${document.file} says of it at ${binding.coordinate} ${found} Load ${type.name} by @entity, or use two types.`,
          },
    )
  }
}

const isEntity = ({ astNode, extensionASTNodes }: GraphQLObjectType): boolean =>
  directiveOf('entity', astNode, ...extensionASTNodes) !== undefined
