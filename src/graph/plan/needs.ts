import { type GraphQLObjectType, getNamedType } from 'graphql'
import type { Graph, KeyField, Source } from '../graph.ts'
import { templatesOf } from '../request.ts'
import { expressionsOf, type Template } from '../template.ts'
import type { CompletionSource } from './plan.ts'
import { rulesOf } from './rules.ts'

/** What the selected fields of an entity read of it, or hand on to the calls below, its key aside. */
export const neededOf = (
  graph: Graph,
  {
    type,
    names,
    keys,
  }: { readonly type: GraphQLObjectType; readonly names: ReadonlySet<string>; readonly keys: readonly KeyField[] },
): CompletionSource['needed'] => {
  const needed = new Map<string, CompletionSource['needed'][number]>()
  const known = new Set(keys.map(({ path }) => path.join('.')))
  for (const name of names) {
    const bound = graph.fields.get(`${type.name}.${name}`)
    const field = type.getFields()[name]
    if (bound === undefined || field === undefined) continue
    const rules = rulesOf(graph, { own: bound.rule, isRoot: false, result: getNamedType(field.type).name })
    for (const path of pathsRead(graph, type, bound.source)) {
      const text = path.join('.')
      if (!known.has(text) && !needed.has(text)) needed.set(text, { path, rules })
    }
  }
  return [...needed.values()]
}

/** The paths that a field's source reads of the object that owns it. */
export const pathsRead = (
  { fields }: Graph,
  type: GraphQLObjectType,
  source: Source,
): readonly (readonly string[])[] => {
  switch (source.kind) {
    case 'read':
    case 'entries':
      return [source.path]
    case 'oneof':
    case 'case':
      return []
    case 'resolver':
      return source.needs.split(/[\s,]+/).flatMap((name) => {
        const needs = fields.get(`${type.name}.${name}`)?.source
        return needs?.kind === 'read' ? [needs.path] : []
      })
    case 'load':
      return parental(source.by)
    case 'call':
      return [
        ...parental(templatesOf(source.binding.request)),
        ...(source.binding.batch?.keys ?? []).map(({ path }) => path),
      ]
  }
}

const parental = (templates: readonly Template[]): readonly (readonly string[])[] =>
  templates
    .flatMap(expressionsOf)
    .filter(({ root }) => root === 'this')
    .map(({ path }) => path)
