import type { FieldNode } from 'graphql'
import type { ListSize } from '../graph.ts'
import type { ListBound, Step } from './plan.ts'
import type { Position } from './position.ts'

/** What is known of the length of a field's list: from its own `@listSize`, or from the field above that sizes it. */
export const boundOf = (
  size: ListSize | undefined,
  {
    field,
    node,
    name,
    at,
    coordinate,
  }: { field: Step['field']; node: FieldNode; name: string; at: Position; coordinate: string },
): ListBound => {
  if (size === undefined)
    return at.sized?.names.includes(name) === true ? at.sized.bound : { kind: 'unknown', coordinate }
  if (size.slicingArguments.length > 0) return { kind: 'argument', field, node, names: size.slicingArguments }
  return size.assumedSize === undefined ? { kind: 'unknown', coordinate } : { kind: 'assumed', size: size.assumedSize }
}
