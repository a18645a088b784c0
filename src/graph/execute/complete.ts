import { isComposite } from '../template.ts'
import { readPath } from './value.ts'

type Members = Readonly<Record<string, unknown>>

/** Whether an object says nothing of a path, not even null. */
export const lacks = (raw: object, path: readonly string[]): boolean => {
  let at: unknown = raw
  for (const name of path) {
    if (at === null || typeof at !== 'object' || Array.isArray(at)) return false
    at = readPath(at, [name])
    if (at === undefined) return true
  }
  return false
}

/**
 * An entity that arrived with less than was asked, as a new object with what its loader says of the rest; what
 * arrived stays as it came. Where the loader failed, what lacks is its Problem.
 */
export const completed = (
  arrived: object,
  loaded: unknown,
  needed: readonly { readonly path: readonly string[] }[],
): object => {
  let whole = arrived as Members
  for (const { path } of needed) {
    if (!lacks(arrived, path)) continue
    const value = loaded instanceof Error ? loaded : isObject(loaded) ? readPath(loaded, path) : undefined
    if (value !== undefined) whole = placed(whole, path, value)
  }
  return whole
}

const isObject = (value: unknown): value is object => isComposite(value as never)

const placed = (at: unknown, [name = '', ...rest]: readonly string[], value: unknown): Members => {
  const members = isObject(at) ? (at as Members) : {}
  return { ...members, [name]: rest.length === 0 ? value : placed(members[name], rest, value) }
}
