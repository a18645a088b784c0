import { hash } from 'node:crypto'

/**
 * The strong validator of a body (RFC 9110 §8.8.3): a digest, 4 µs for 3 KB. `coded` says that the body may be sent
 * compressed, and so in several forms: a validator for all of them is weak. A body that is known again names its text
 * by `same`, and is digested once.
 */
export const entityTag = (body: string, coded: boolean, same?: object): string => {
  let tag = same === undefined ? undefined : tags.get(same)
  if (tag === undefined) {
    tag = `"${hash('sha256', body, 'base64url').slice(0, 27)}"`
    if (same !== undefined) tags.set(same, tag)
  }
  return coded ? `W/${tag}` : tag
}

const tags = new WeakMap<object, string>()

/** Whether a client holds what it would get: If-None-Match, compared weakly (RFC 9110 §13.1.2). */
export const isHeld = (ifNoneMatch: string | undefined, tag: string): boolean => {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  const opaque = opaqueTag(tag)
  return (ifNoneMatch.match(/(?:W\/)?"[^"]*"/g) ?? []).some((one) => opaqueTag(one) === opaque)
}

const opaqueTag = (tag: string): string => (tag.startsWith('W/') ? tag.slice(2) : tag)
