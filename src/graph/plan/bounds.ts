import type { FieldNode } from 'graphql'
import type { ListSize } from '../graph.ts'
import type { ListBound, Step } from './plan.ts'
import type { Position } from './position.ts'

/**
 * What is known of the length of a field's list: from its own slicing arguments, from the field above
 * that sizes it, or from what its author assumes.
 */
export const boundOf = (
  size: ListSize | undefined,
  {
    field,
    node,
    args,
    name,
    at,
    coordinate,
  }: { field: Step['field']; node: FieldNode; args: Step['args']; name: string; at: Position; coordinate: string },
): ListBound => {
  if (size !== undefined && size.slicingArguments.length > 0)
    return { kind: 'argument', field, node, args, names: size.slicingArguments }
  if (at.sized?.names.includes(name) === true && at.sized.bound.kind !== 'unknown') return at.sized.bound
  return size?.assumedSize === undefined ? { kind: 'unknown', coordinate } : { kind: 'assumed', size: size.assumedSize }
}
