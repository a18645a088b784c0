import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import type { Graph } from '../graph.ts'
import { answeredLeaf, givenLeaf } from './leaves.ts'

/** The object types a generated file needs, by the names of the schema; each is written once, whoever refers to it. */
export type Shapes = {
  /** A value as a function may return it; objects as their services would answer them. */
  answer(type: GraphQLOutputType): string
  /** An object as a loader gives it. */
  entity(type: GraphQLObjectType): string
  /** The arguments of a field, or the fields of an input. */
  inputs(fields: readonly (GraphQLArgument | GraphQLInputField)[]): string
  /** Members of the two types that hold them all, as far as they were asked for. */
  written(): { readonly answers: readonly Member[]; readonly inputs: readonly Member[] }
}

export type Member = { readonly name: string; readonly optional?: boolean; readonly type: string }

/** The members of an object type, one on each line below `indent`. */
export const objectOf = (members: readonly Member[], indent: string): string =>
  members.length === 0
    ? 'object'
    : `{\n${members
        .map(({ name, optional, type }) => `${indent}  readonly ${key(name)}${optional === true ? '?' : ''}: ${type}`)
        .join('\n')}\n${indent}}`

const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name))

/** `prefix` begins the names of the types that hold the shapes, such as `Web` of `WebAnswers`. */
export const createShapes = (graph: Graph, prefix: string): Shapes => {
  const answers = new Map<string, string>()
  const inputs = new Map<string, string>()

  const answer = (type: GraphQLOutputType): string => {
    if (!isNonNullType(type)) return `${present(type)} | null | undefined`
    return present(type.ofType)
  }
  const present = (type: GraphQLOutputType): string => {
    if (isListType(type)) return `readonly (${answer(type.ofType)})[]`
    if (isLeafType(type)) return answeredLeaf(type, graph)
    // Of a union or interface, how a service tells its types apart is its own affair.
    return isObjectType(type) ? entity(type) : 'unknown'
  }
  const entity = (type: GraphQLObjectType): string => {
    if (!answers.has(type.name)) {
      answers.set(type.name, '')
      answers.set(type.name, written(readsOf(type), '  '))
    }
    return `${prefix}Answers[${JSON.stringify(type.name)}]`
  }

  /** What is read of an object, by the members of its raw form. */
  const readsOf = (type: GraphQLObjectType): Tree => {
    const tree: Tree = { members: new Map() }
    for (const field of Object.values(type.getFields())) {
      const source = graph.fields.get(`${type.name}.${field.name}`)?.source
      if (source?.kind !== 'read' || source.path.length === 0) continue
      const optional = !isNonNullType(field.type)
      let at = tree
      for (const name of source.path) {
        let next = at.members.get(name)
        if (next === undefined) at.members.set(name, (next = { members: new Map(), optional: true }))
        next.optional &&= optional
        at = next
      }
      at.leaf ??= answer(field.type)
    }
    return tree
  }

  const input = (type: GraphQLInputType): string => {
    if (!isNonNullType(type)) return `${given(type)} | null`
    return given(type.ofType)
  }
  const given = (type: GraphQLInputType): string => {
    if (isListType(type)) return `readonly (${input(type.ofType)})[]`
    if (!isInputObjectType(type)) return isLeafType(type) ? givenLeaf(type) : 'unknown'
    if (!inputs.has(type.name)) {
      inputs.set(type.name, '')
      inputs.set(type.name, inputsOf(Object.values(type.getFields()), '  '))
    }
    return `${prefix}Inputs[${JSON.stringify(type.name)}]`
  }
  const inputsOf = (fields: readonly (GraphQLArgument | GraphQLInputField)[], indent: string): string =>
    objectOf(
      fields.map(({ name, type, defaultValue }) => ({
        name,
        optional: !isNonNullType(type) && defaultValue === undefined,
        type: input(type),
      })),
      indent,
    )

  const all = (shapes: ReadonlyMap<string, string>): readonly Member[] =>
    [...shapes].map(([name, type]) => ({ name, type })).sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    answer,
    entity,
    inputs: (fields) => inputsOf(fields, '      '),
    written: () => ({ answers: all(answers), inputs: all(inputs) }),
  }
}

type Tree = { readonly members: Map<string, Tree>; optional?: boolean; leaf?: string }

/** A member that is read whole by one field and in parts by another may be anything. */
const written = ({ members, leaf }: Tree, indent: string): string => {
  if (leaf !== undefined) return members.size > 0 ? 'unknown' : leaf
  return objectOf(
    [...members].map(([name, tree]) => ({
      name,
      optional: tree.optional === true,
      type: written(tree, `${indent}  `) + (tree.optional === true && tree.leaf === undefined ? ' | null' : ''),
    })),
    indent,
  )
}
