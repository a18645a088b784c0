import type { Json } from './json.ts'

/** The same value, frozen to its last member: what several requests hold, none may change. Costs one visit of each. */
export const frozen = <Value extends Json>(value: Value): Value => {
  const left: Json[] = [value]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue
    Object.freeze(next)
    for (const inner of Object.values(next as Record<string, Json>)) left.push(inner)
  }
  return value
}
