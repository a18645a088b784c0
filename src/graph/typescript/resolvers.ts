import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { methodPaths } from '../../services/grpc/method.ts'
import type { Service } from '../../services/service.ts'
import type { Graph, ResolverSource } from '../graph.ts'
import { givenLeaf, preamble } from './leaves.ts'
import { createShapes, type Member, objectOf, type Shapes } from './shapes.ts'

export type ResolverTypes = {
  /** The BFF whose schema it is. */
  readonly bff: string
  readonly graph: Graph
  readonly services: ReadonlyMap<string, Service>
}

/**
 * A TypeScript module with what the functions of a BFF get and give: parents by their `needs`, arguments, results,
 * entities to load and the services each may call. `defineResolvers<…Schema>` checks a resolver module against it.
 */
export const resolverTypes = ({ bff, graph, services }: ResolverTypes): string => {
  const prefix = pascal(bff)
  const shapes = createShapes(graph, prefix)
  const entities = [...graph.entities.values()].flatMap(({ type }) => {
    const object = graph.schema.getType(type)
    return isObjectType(object) ? [{ name: type, type: `Load<${shapes.entity(object)}>` }] : []
  })
  const functions = fieldsByFunction(graph).map(([name, uses]) => ({
    name,
    type: functionOf(uses, { shapes, services, loads: `${prefix}Loads` }),
  }))
  const { answers, inputs } = shapes.written()
  const parts = [
    `/** Objects as their services answer them. */\nexport type ${prefix}Answers = ${objectOf(answers, '')}\n`,
    ...(inputs.length === 0 ? [] : [`export type ${prefix}Inputs = ${objectOf(inputs, '')}\n`]),
    `export type ${prefix}Loads = ${objectOf(entities, '')}\n`,
    `/** For \`defineResolvers<${prefix}Schema>({ … })\`. */\nexport type ${prefix}Schema = ${objectOf(
      [{ name: 'resolvers', type: objectOf(functions, '  ') }],
      '',
    )}\n`,
  ].join('\n')
  const used = ['GrpcClient', 'ResolverContext', 'RestClient'].filter((name) => parts.includes(name))
  return [
    `// Written by \`portico types\` from the schema of ${bff}. Not to be edited: it is written anew.\n`,
    ...(used.length === 0 ? [] : [`import type { ${used.join(', ')} } from 'portico'\n`]),
    ...(parts.includes('Digits') ? [preamble] : []),
    ...(entities.length === 0
      ? []
      : ['type Load<Entity> = (key: string | number) => Promise<Entity | null | undefined>\n']),
    parts,
  ].join('\n')
}

type Use = {
  readonly type: GraphQLObjectType
  readonly field: GraphQLField<unknown, unknown>
  readonly source: ResolverSource
}

/** Every field with a function, by its function: several fields may name one. */
const fieldsByFunction = (graph: Graph): readonly (readonly [name: string, uses: readonly Use[]])[] => {
  const byName = new Map<string, Use[]>()
  for (const type of Object.values(graph.schema.getTypeMap())) {
    if (!isObjectType(type)) continue
    for (const field of Object.values(type.getFields())) {
      const source = graph.fields.get(`${type.name}.${field.name}`)?.source
      if (source?.kind !== 'resolver') continue
      byName.set(source.fn, [...(byName.get(source.fn) ?? []), { type, field, source }])
    }
  }
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1))
}

type Writing = {
  readonly shapes: Shapes
  readonly services: ReadonlyMap<string, Service>
  /** The name of the type of `load`. */
  readonly loads: string
}

const functionOf = (uses: readonly Use[], writing: Writing): string => {
  const { shapes } = writing
  return objectOf(
    [
      { name: 'parent', type: any(uses.map(parentOf)) },
      { name: 'args', type: any(uses.map(({ field }) => shapes.inputs(field.args))) },
      { name: 'result', type: every(uses.map(({ field }) => shapes.answer(field.type))) },
      { name: 'context', type: every(uses.map(({ source }) => contextOf(source, writing))) },
    ],
    '    ',
  )
}

const any = (types: readonly string[]): string => [...new Set(types)].join(' | ')

const every = (types: readonly string[]): string => {
  const [only, ...others] = new Set(types)
  return others.length === 0 ? (only ?? 'unknown') : [...new Set(types)].map((type) => `(${type})`).join(' & ')
}

const parentOf = ({ type, source }: Use): string =>
  objectOf(
    source.needs
      .split(/[\s,]+/)
      .filter((name) => name !== '')
      .map((name): Member => {
        const field = type.getFields()[name]
        return { name, type: field === undefined ? 'unknown' : needed(field.type) }
      }),
    '      ',
  )

const needed = (type: GraphQLOutputType): string => {
  if (!isNonNullType(type)) return `${neededInner(type)} | null`
  return neededInner(type.ofType)
}

const neededInner = (type: GraphQLOutputType): string => {
  if (isListType(type)) return `readonly (${needed(type.ofType)})[]`
  return isLeafType(type) ? givenLeaf(type) : 'unknown'
}

const contextOf = ({ pure, calls }: ResolverSource, { services, loads }: Writing): string => {
  if (pure) return 'object'
  const listed = (kind: Service['kind']): readonly Service[] =>
    calls.flatMap((name) => services.get(name) ?? []).filter((service) => service.kind === kind)
  const rest = listed('rest').map(({ name }) => ({ name, type: 'RestClient' }))
  const grpc = listed('grpc').map((service) => ({ name: service.name, type: clientOf(service) }))
  return objectOf(
    [
      { name: 'caller', type: "ResolverContext['caller']" },
      { name: 'load', type: loads },
      ...(rest.length === 0 ? [] : [{ name: 'rest', type: objectOf(rest, '        ') }]),
      ...(grpc.length === 0 ? [] : [{ name: 'grpc', type: objectOf(grpc, '        ') }]),
    ],
    '      ',
  )
}

const clientOf = (service: Service): string => {
  const paths = service.kind === 'grpc' ? methodPaths(service.root) : []
  const names = paths.map((path) => path.slice(path.indexOf('/') + 1))
  const once = names.filter((name, index) => names.indexOf(name) === index && names.lastIndexOf(name) === index)
  return `Readonly<Record<${[...once, ...paths].map((name) => JSON.stringify(name)).join(' | ')}, GrpcClient[string]>>`
}

const pascal = (name: string): string =>
  name
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
    .replace(/^(?=\d)/, 'Bff')
