import {
  type ASTVisitor,
  type FieldNode,
  type FloatValueNode,
  GraphQLError,
  getNamedType,
  type IntValueNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
  specifiedRules,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'
import { shortened } from '../kernel/shortened.ts'
import type { CostLimit } from './cost/cost.ts'

/** Bounds on what one operation may be, counted after fragments are spread: nothing can hide in them. */
export type OperationLimits = {
  readonly depth: number
  readonly aliases: number
  readonly rootFields: number
  /** Fields in all: a few fragments that spread each other stand for millions. */
  readonly fields: number
  /** Directives at one place. */
  readonly directives: number
  readonly tokens: number
  readonly listSize: number
  readonly upstreamCalls: number
  /** The static cost of an operation; undefined where it is not counted. */
  readonly cost?: CostLimit | undefined
}

/** What every document keeps: the rules of GraphQL, and ours. */
export const documentRules = (limits: OperationLimits): readonly ValidationRule[] => [
  ...specifiedRules,
  finiteFloats,
  limitRule(limits),
]

/** graphql-js takes 1e400 for a Float and makes Infinity of it, which no service was ever sent by a client. */
const finiteFloats: ValidationRule = (context) => {
  const check = (node: FloatValueNode | IntValueNode): void => {
    const type = context.getInputType()
    if (type && getNamedType(type).name === 'Float' && !Number.isFinite(Number(node.value)))
      context.reportError(new GraphQLError(`Float cannot represent ${shortened(node.value)}.`, { nodes: node }))
  }
  return { FloatValue: check, IntValue: check }
}

type Size = {
  readonly depth: number
  readonly aliases: number
  readonly fields: number
  /** Fields of the selection itself, those of its fragments included. */
  readonly own: number
  /** The most directives at one place. */
  readonly directives: number
}

/** By fragment; `open` while it is being measured. */
type Measured = Map<string, Size | 'open'>

/** Says which bound was passed, by the name it has under `limits:`. */
export type LimitExceeded = { readonly name: string; readonly found: number; readonly max: number }

/** The error of an operation past a bound; `extensions.limit` holds the figures. */
export const limitError = (message: string, limit: LimitExceeded, node?: OperationDefinitionNode): GraphQLError =>
  new GraphQLError(message, { nodes: node ?? null, extensions: { code: 'RESOURCE_EXHAUSTED', limit } })

/** A validation rule that refuses operations past the bounds. Costs one visit of each fragment, however often it is spread. */
const limitRule =
  (limits: OperationLimits): ValidationRule =>
  (context: ValidationContext): ASTVisitor => {
    const sizes = new Map<string, Size | 'open'>()
    return {
      OperationDefinition(node) {
        const size = measure(context, node.selectionSet, sizes)
        const refuse = (name: Exclude<keyof OperationLimits, 'cost'>, what: string, found: number): void => {
          const max = limits[name]
          if (found <= max) return
          const message = `The operation has ${found} ${what}; at most ${max} are allowed.`
          context.reportError(limitError(message, { name, found, max }, node))
        }
        refuse('depth', 'levels', size.depth)
        refuse('aliases', 'aliases', size.aliases)
        refuse('rootFields', 'root fields', size.own)
        refuse('fields', 'fields', size.fields)
        refuse('directives', 'directives at one place', Math.max(size.directives, node.directives?.length ?? 0))
      },
    }
  }

const nothing: Size = { depth: 0, aliases: 0, fields: 0, own: 0, directives: 0 }

const measure = (context: ValidationContext, set: SelectionSetNode, sizes: Measured): Size => {
  let depth = 0
  let aliases = 0
  let fields = 0
  let own = 0
  let directives = 0
  for (const node of set.selections) {
    let size: Size
    if (node.kind === 'Field') size = measureField(context, node, sizes)
    else if (node.kind === 'InlineFragment') size = measure(context, node.selectionSet, sizes)
    else size = measureFragment(context, node.name.value, sizes)
    depth = Math.max(depth, size.depth)
    aliases += size.aliases
    fields += size.fields
    own += size.own
    directives = Math.max(directives, size.directives, node.directives?.length ?? 0)
  }
  return { depth, aliases, fields, own, directives }
}

const measureField = (context: ValidationContext, node: FieldNode, sizes: Measured): Size => {
  const below = node.selectionSet === undefined ? nothing : measure(context, node.selectionSet, sizes)
  return {
    // The schema's own fields are as deep as its types are wrapped: graphql-js bounds where they recurse.
    depth: node.name.value.startsWith('__') && node.selectionSet !== undefined ? 0 : below.depth + 1,
    aliases: below.aliases + (node.alias === undefined ? 0 : 1),
    fields: below.fields + 1,
    own: 1,
    directives: below.directives,
  }
}

const measureFragment = (context: ValidationContext, name: string, sizes: Measured): Size => {
  const known = sizes.get(name)
  // A cycle: the NoFragmentCycles rule says so.
  if (known === 'open') return nothing
  if (known !== undefined) return known
  const fragment = context.getFragment(name)
  if (!fragment) return nothing
  sizes.set(name, 'open')
  const size = measure(context, fragment.selectionSet, sizes)
  const whole = { ...size, directives: Math.max(size.directives, fragment.directives?.length ?? 0) }
  sizes.set(name, whole)
  return whole
}
