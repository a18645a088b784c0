import {
  type ASTNode,
  type GraphQLField,
  GraphQLID,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
} from 'graphql'
import type { Code } from '../../kernel/codes/codes.ts'
import { type Diagnostic, type Mend } from '../../kernel/diagnostic.ts'
import { correction, mendWord } from '../../kernel/mend.ts'
import type { Service } from '../../services/service.ts'
import { type Directive, directiveOf } from '../directives.ts'
import type { Binding, KeyField } from '../graph.ts'
import { placeOfNode } from './sdl.ts'

/** What every step of binding reads and writes. */
export type BindContext = {
  readonly schema: GraphQLSchema
  readonly services: ReadonlyMap<string, Service>
  readonly bindings: Binding[]
  readonly diagnostics: Diagnostic[]
}

/** Where a binding is declared, for templates to be checked against. */
export type Owner = {
  readonly coordinate: string
  /** The type whose object the field belongs to, or which the loader loads. */
  readonly type: GraphQLObjectType
  /** Undefined for a loader on a type. */
  readonly field: GraphQLField<unknown, unknown> | undefined
}

/** Whether it is bound to a root field that changes something. */
export const isMutation = ({ schema }: BindContext, { type }: Owner): boolean => type === schema.getMutationType()

/** What is wrong: a sentence, the kind of mistake it is, and the edit that mends it where that is certain. */
export type Told = { readonly code: Code; readonly message: string; readonly mend?: Mend | undefined }

export const report = (context: BindContext, node: ASTNode, coordinate: string, told: Told): undefined => {
  context.diagnostics.push({ severity: 'error', place: placeOfNode(node), coordinate, ...told })
  return undefined
}

export const warn = (context: BindContext, node: ASTNode, coordinate: string, told: Told): void => {
  context.diagnostics.push({ severity: 'warning', place: placeOfNode(node), coordinate, ...told })
}

/** The edit that writes in a node what a misspelt name of it can only mean. `before` is what stands before the name, such as `args.`. */
export const misspelt = (
  { loc }: ASTNode,
  name: string,
  { candidates, before = '' }: { readonly candidates: Iterable<string>; readonly before?: string },
): Mend | undefined => {
  if (loc === undefined) return undefined
  const meant = correction(name, candidates)
  const { source, start, end } = loc
  const stretch = { file: source.name, text: source.body, start, end }
  return mendWord(stretch, before + name, meant === undefined ? undefined : before + meant)
}

export const splitPath = (path: string): readonly string[] => (path === '' ? [] : path.split('.'))

export const sourceDirectives = ['rest', 'grpc', 'load', 'resolver'] as const

/** The path of a plain field in its parent's raw object; undefined for a field with a source of its own. */
export const readPathOf = (field: GraphQLField<unknown, unknown>): readonly string[] | undefined => {
  if (sourceDirectives.some((name) => directiveOf(name, field.astNode) !== undefined)) return undefined
  const from = directiveOf('from', field.astNode)?.args
  if (from?.['oneof'] !== undefined) return undefined
  return typeof from?.['path'] === 'string' ? splitPath(from['path']) : [field.name]
}

/** The fields that an `@entity` names as its key, by spaces between. */
export const entityKeysOf = ({ args }: Directive): readonly string[] =>
  ((args['key'] as string | undefined) ?? '').split(/\s+/).filter((name) => name !== '')

/** A plain field as part of a key; undefined where it is none. */
export const keyFieldOf = (type: GraphQLObjectType, name: string): KeyField | undefined => {
  const field = type.getFields()[name]
  const path = field && readPathOf(field)
  return field && path && { name, path, isId: getNamedType(field.type) === GraphQLID }
}
