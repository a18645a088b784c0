import { z } from 'zod'
import { didYouMean } from '../kernel/diagnostic.ts'
import { parseRoutePath, type RoutePath } from './path.ts'

/** A path written anew: its segments are text, or segments of the path that came. */
export type PathRewrite = {
  readonly text: string
  readonly segments: readonly (string | number)[]
  /** What the wildcard took stands at the end: all from this segment of the path that came; undefined for nothing. */
  readonly restFrom: number | undefined
}

const segment = "[A-Za-z0-9._~!$&'()+,;=:@-]+"

/** Such as `/v2/users/{id}` or `/v2/*`. */
export const rewrittenPath = z.string().regex(new RegExp(`^(/(${segment}|\\{[A-Za-z][A-Za-z0-9_]*\\}))*(/\\*)?$|^/$`), {
  error: 'A path such as /v2/users/{id} or /v2/*; `*` is what the route’s own `*` took.',
})

/** Takes a written path apart for requests of a route; a message where it names what the route's path has not. */
export const parseRewrite = (text: string, from: RoutePath): PathRewrite | { readonly mistake: string } => {
  const to = parseRoutePath(text)
  const numbered = /\$\d/.exec(text)?.[0]
  if (numbered !== undefined)
    return {
      mistake: `What the path took is named: {id}, or \`*\` for what its \`*\` took; ${numbered} would be text.`,
    }
  const known = new Map(from.variables.map(({ path, from: at }) => [path, at]))
  const unknown = to.variables.find(({ path }) => !known.has(path))
  if (unknown !== undefined)
    return { mistake: `The path has no parameter {${unknown.path}}.${didYouMean(unknown.path, [...known.keys()])}` }
  if (to.below && !from.below) return { mistake: '`*` is what the `*` of the path took, which has none.' }
  const at = new Map(to.variables.map(({ path, from: index }) => [index, known.get(path) as number]))
  return {
    text,
    segments: to.segments.flatMap((one, index) =>
      one.kind === 'many' ? [] : [one.kind === 'literal' ? one.text : (at.get(index) as number)],
    ),
    restFrom: to.below ? from.segments.length - 1 : undefined,
  }
}

/**
 * The path in its new form. What came stands in it as it came: segments of a canonical path are escaped rightly for
 * any other, and none of them is `..` or holds a slash.
 */
export const rewritePath = (path: string, { segments, restFrom }: PathRewrite): string => {
  const came = path.slice(1).split('/')
  let rewritten = ''
  for (const one of segments) rewritten += `/${typeof one === 'string' ? one : (came[one] ?? '')}`
  if (restFrom !== undefined) for (let at = restFrom; at < came.length; at += 1) rewritten += `/${came[at] as string}`
  return rewritten === '' ? '/' : rewritten
}
