import {
  type ConstArgumentNode,
  type ConstDirectiveNode,
  type ConstValueNode,
  Kind,
  valueFromAST,
  valueFromASTUntyped,
} from 'graphql'
import { preludeSchema } from './prelude.ts'

/**
 * One use of a directive, with its argument values as plain JSON and their nodes for diagnostics. Values of our
 * own directives are coerced as GraphQL coerces input: one item stands for a list of one, null for nothing said.
 */
export type Directive = {
  readonly node: ConstDirectiveNode
  readonly args: Readonly<Record<string, unknown>>
  readonly nodes: Readonly<Record<string, ConstValueNode>>
}

type Directed = { readonly directives?: readonly ConstDirectiveNode[] | undefined } | null | undefined

export const directivesOf = (name: string, ...nodes: readonly Directed[]): Directive[] =>
  nodes
    .flatMap((node) => node?.directives ?? [])
    .filter((node) => node.name.value === name)
    .map((node) => {
      const given = (node.arguments ?? []).filter(({ value }) => value.kind !== Kind.NULL)
      return {
        node,
        args: Object.fromEntries(given.map((arg) => [arg.name.value, valueOf(name, arg)])),
        nodes: Object.fromEntries(given.map((arg) => [arg.name.value, arg.value])),
      }
    })

const valueOf = (directive: string, { name, value }: ConstArgumentNode): unknown => {
  const argument = preludeSchema.getDirective(directive)?.args.find((arg) => arg.name === name.value)
  return argument === undefined ? valueFromASTUntyped(value) : valueFromAST(value, argument.type)
}

export const directiveOf = (name: string, ...nodes: readonly Directed[]): Directive | undefined =>
  directivesOf(name, ...nodes)[0]
