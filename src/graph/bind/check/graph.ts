import { isObjectType } from 'graphql'
import { covered } from '../../../kernel/covered.ts'
import { directiveOf } from '../../directives.ts'
import type { Graph } from '../../graph.ts'
import { type NamedTemplate, templatesOf, type ValueTemplate } from '../../request.ts'
import { type Expression, expressionsOf, type Template } from '../../template.ts'
import { type BindContext, type Told, warn } from '../context.ts'

/** Doubts about a graph that is sound: internal fields that nothing reads, secrets in SDL, identity sent where none is wanted. */
export const checkGraph = (context: BindContext, graph: Graph): void => {
  const doubt = (coordinate: string, told: Told): void => {
    const [typeName = '', fieldName] = coordinate.split('.')
    const type = context.schema.getType(typeName)
    const field = isObjectType(type) && fieldName !== undefined ? type.getFields()[fieldName] : undefined
    const directives = (field ?? type)?.astNode?.directives ?? []
    const bound = directives.find(({ name }) => name.value === 'rest' || name.value === 'grpc')
    const node = (fieldName !== undefined && told.code !== 'PORTICO-505' ? bound : undefined) ?? bound ?? field?.astNode
    if (node) warn(context, node, coordinate, told)
  }
  for (const coordinate of unreadInternals(graph))
    doubt(coordinate, {
      code: 'PORTICO-505',
      message: `${coordinate} is @internal, and nothing reads it: remove it, or show it to clients.`,
    })
  for (const { coordinate, request } of graph.bindings) {
    const named = request.kind === 'rest' ? [...request.headers, ...request.query] : request.metadata
    const secret =
      named.find(isSecret)?.name ?? literals(request.kind === 'rest' ? request.body : request.message).find(looksSecret)
    if (secret !== undefined)
      doubt(coordinate, {
        code: 'PORTICO-704',
        message: `A secret seems to stand in the SDL (${covered(secret).slice(0, 12)}…), which many can read. Keep it in the service’s settings, or let the caller’s header give it.`,
      })
    const personal = named.find(({ value }) => expressionsOf(value).some(isCredential))
    if (personal !== undefined && context.services.get(request.service)?.identity === 'none')
      doubt(coordinate, {
        code: 'PORTICO-705',
        message: `${personal.name} tells ${request.service} who asks, but that service is marked identity: none. Drop it, or say identity: forward.`,
      })
  }
}

const isCredential = ({ root, path }: Expression): boolean =>
  root === 'header' && ['authorization', 'cookie', 'x-api-key'].includes(path.join('.').toLowerCase())

const textOf = (template: Template): string | undefined =>
  template.every((part) => typeof part === 'string') ? template.join('') : undefined

const isSecret = ({ name, value }: NamedTemplate): boolean => {
  const text = textOf(value)
  return (
    text !== undefined &&
    (looksSecret(text) ||
      (/(api-?key|secret|token|password)$/i.test(name) && !/token$/i.test(text) && text.length >= 8))
  )
}

const looksSecret = (text: string): boolean => covered(text) !== text

const literals = (value: ValueTemplate | undefined): readonly string[] => {
  switch (value?.kind) {
    case 'literal':
      return typeof value.value === 'string' ? [value.value] : []
    case 'template': {
      const text = textOf(value.template)
      return text === undefined ? [] : [text]
    }
    case 'object':
      return value.fields.flatMap(([, inner]) => literals(inner))
    case 'list':
      return value.items.flatMap(literals)
    default:
      return []
  }
}

/** Internal fields that no placeholder, key or function reads. */
const unreadInternals = (graph: Graph): readonly string[] => {
  const read = new Set<string>()
  const note = (typeName: string, names: readonly string[]): void => {
    let type = graph.schema.getType(typeName)
    for (const name of names) {
      if (!isObjectType(type)) return
      read.add(`${type.name}.${name}`)
      const inner = type.getFields()[name]?.type
      type = inner === undefined ? undefined : graph.schema.getType(String(inner).replaceAll(/[[\]!]/g, ''))
    }
  }
  const noteTemplate = (typeName: string, template: Template): void => {
    for (const { root, text } of expressionsOf(template))
      if (root === 'this' || root === 'keys') note(typeName, namesIn(text))
  }
  for (const { coordinate, request } of graph.bindings)
    for (const template of templatesOf(request)) noteTemplate(coordinate.split('.')[0] ?? '', template)
  for (const [coordinate, { source }] of graph.fields) {
    const [typeName = ''] = coordinate.split('.')
    if (source.kind === 'load') for (const template of source.by) noteTemplate(typeName, template)
    if (source.kind === 'resolver') for (const name of source.needs.split(/[\s,]+/)) note(typeName, [name])
  }
  for (const { type, keys } of graph.entities.values()) for (const { name } of keys) note(type, [name])
  return [...graph.fields.keys()].filter((coordinate) => {
    const [typeName = '', fieldName = ''] = coordinate.split('.')
    const type = graph.schema.getType(typeName)
    const field = isObjectType(type) ? type.getFields()[fieldName] : undefined
    return directiveOf('internal', field?.astNode) !== undefined && !read.has(coordinate)
  })
}

/** `this.address.city ?? 'x' | lower` names address and city. */
const namesIn = (text: string): readonly string[] => (/^\s*\w+\.([\w.]+)/.exec(text)?.[1] ?? '').split('.')
