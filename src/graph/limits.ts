import type { FieldNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode } from 'graphql'
import { type ASTVisitor, GraphQLError, type ValidationContext, type ValidationRule } from 'graphql'

/** Bounds on what one operation may be, counted after fragments are spread: aliases and depth cannot hide in them. */
export type OperationLimits = {
  readonly depth: number
  readonly aliases: number
  readonly rootFields: number
  readonly tokens: number
  readonly listSize: number
  readonly upstreamCalls: number
}

type Size = { readonly depth: number; readonly aliases: number; readonly fields: number }

/** A validation rule that refuses operations past the bounds. Costs one visit of each fragment, however often it is spread. */
export const limitRule =
  ({ depth, aliases, rootFields }: OperationLimits): ValidationRule =>
  (context: ValidationContext): ASTVisitor => ({
    OperationDefinition(node) {
      const sizes = new Map<string, Size | 'open'>()
      const size = measure(context, node.selectionSet, sizes)
      refuse(context, node, { what: 'levels deep', found: size.depth, most: depth })
      refuse(context, node, { what: 'aliases', found: size.aliases, most: aliases })
      refuse(context, node, {
        what: 'root fields',
        found: rootCount(context, node.selectionSet, new Set()),
        most: rootFields,
      })
    },
  })

const refuse = (
  context: ValidationContext,
  node: OperationDefinitionNode,
  { what, found, most }: { what: string; found: number; most: number },
): void => {
  if (found <= most) return
  context.reportError(
    new GraphQLError(`The operation has ${found} ${what}; at most ${most} are allowed.`, {
      nodes: node,
      extensions: { code: 'RESOURCE_EXHAUSTED' },
    }),
  )
}

const measure = (context: ValidationContext, set: SelectionSetNode, sizes: Map<string, Size | 'open'>): Size => {
  let deepest = 0
  let aliases = 0
  let fields = 0
  for (const node of set.selections) {
    let size: Size
    if (node.kind === 'Field') size = measureField(context, node, sizes)
    else if (node.kind === 'InlineFragment') size = measure(context, node.selectionSet, sizes)
    else size = measureFragment(context, context.getFragment(node.name.value), sizes)
    deepest = Math.max(deepest, size.depth)
    aliases += size.aliases
    fields += size.fields
  }
  return { depth: deepest, aliases, fields }
}

const measureField = (context: ValidationContext, node: FieldNode, sizes: Map<string, Size | 'open'>): Size => {
  const own = node.alias === undefined ? 0 : 1
  if (node.name.value.startsWith('__') || node.selectionSet === undefined)
    return { depth: node.selectionSet === undefined ? 1 : 0, aliases: own, fields: 1 }
  const below = measure(context, node.selectionSet, sizes)
  return { depth: below.depth + 1, aliases: below.aliases + own, fields: below.fields + 1 }
}

const nothing: Size = { depth: 0, aliases: 0, fields: 0 }

const measureFragment = (
  context: ValidationContext,
  fragment: FragmentDefinitionNode | null | undefined,
  sizes: Map<string, Size | 'open'>,
): Size => {
  if (!fragment) return nothing
  const name = fragment.name.value
  const known = sizes.get(name)
  // A cycle: the NoFragmentCycles rule says so.
  if (known === 'open') return nothing
  if (known !== undefined) return known
  sizes.set(name, 'open')
  const size = measure(context, fragment.selectionSet, sizes)
  sizes.set(name, size)
  return size
}

const rootCount = (context: ValidationContext, set: SelectionSetNode, open: Set<string>): number =>
  set.selections.reduce((count, node) => {
    if (node.kind === 'Field') return count + 1
    if (node.kind === 'InlineFragment') return count + rootCount(context, node.selectionSet, open)
    if (open.has(node.name.value)) return count
    const fragment = context.getFragment(node.name.value)
    return fragment ? count + rootCount(context, fragment.selectionSet, new Set([...open, node.name.value])) : count
  }, 0)
