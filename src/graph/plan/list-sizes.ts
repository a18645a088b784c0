import { Problem } from '../../kernel/problem.ts'
import { argumentsOf } from './arguments.ts'
import type { OperationPlan } from './plan.ts'

/** Refuses an operation that asks for a longer list than allowed by any argument that `@listSize` names as slicing. Throws INVALID_ARGUMENT. */
export const checkListSizes = (
  { slices }: OperationPlan,
  variables: Readonly<Record<string, unknown>>,
  most: number,
): void => {
  for (const slice of slices) {
    const { field, names } = slice
    const args = argumentsOf(slice, variables)
    for (const name of names) {
      const value = args[name]
      const size = Array.isArray(value) ? value.length : value
      if (typeof size === 'number' && size > most)
        throw new Problem(
          'INVALID_ARGUMENT',
          `${field.name}(${name}:) asks for ${size} items; at most ${most} are given at once.`,
        )
    }
  }
}
