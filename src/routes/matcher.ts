import type { PathTemplate } from './transcode/template.ts'

/** What a request target found: the target, and the path's segments as they came, still escaped. */
export type Match<Target> = { readonly target: Target; readonly segments: readonly string[] }

/**
 * Path templates as one tree of segments, so that a match costs by the length of the path, not by the number of
 * templates. Which of several that fit wins does not depend on their order: a custom verb before none, then from
 * left to right a literal before `*` before `**`; the method last, its own name before `*`.
 */
export type Matcher<Target> = {
  /** Adds a template. Where another of the same shape and method stands already, that one comes back. */
  add(template: PathTemplate, method: string, target: Target): Target | undefined
  /** `path` is canonical and begins with a slash. */
  find(path: string, method: string): Match<Target> | undefined
  /** Asks for the targets of `anyMethod` that fit a path, the most specific first, until one is accepted. */
  search(path: string, accept: (target: Target) => boolean): boolean
  /** The methods of every template that fits a path, sorted; empty where none does. */
  methods(path: string): readonly string[]
}

/** The method of templates that answer any. */
export const anyMethod = '*'

type Targets<Target> = Map<string, Target>

/** What ends at a node, by custom verb; the empty one is none. */
type Ends<Target> = Map<string, Targets<Target>>

type Node<Target> = {
  readonly literals: Map<string, Node<Target>>
  one: Node<Target> | undefined
  readonly ends: Ends<Target>
  /** What takes all segments from here on. */
  readonly open: Ends<Target>
}

const makeNode = <Target>(): Node<Target> => ({ literals: new Map(), one: undefined, ends: new Map(), open: new Map() })

/** Looks at the targets of a template that fits; true ends the search. */
type Visit<Target> = (targets: Targets<Target>) => boolean

export const createMatcher = <Target>(): Matcher<Target> => {
  const root = makeNode<Target>()
  return {
    add(template, method, target) {
      const targets = targetsFor(root, template)
      const other = targets.get(method)
      if (other === undefined) targets.set(method, target)
      return other
    },
    find(path, method) {
      let target: Target | undefined
      const search = (segments: readonly string[], verb: string): boolean =>
        walk(root, { segments, verb, at: 0 }, (targets) => {
          target = targets.get(method) ?? targets.get(anyMethod)
          return target !== undefined
        })
      const segments = segmentsOf(path)
      const split = splitVerb(segments)
      if (split !== undefined && search(split.segments, split.verb))
        return { target: target as Target, segments: split.segments }
      return search(segments, '') ? { target: target as Target, segments } : undefined
    },
    search(path, accept) {
      return walk(root, { segments: segmentsOf(path), verb: '', at: 0 }, (targets) => {
        const target = targets.get(anyMethod)
        return target !== undefined && accept(target)
      })
    },
    methods(path) {
      const found = new Set<string>()
      const collect: Visit<Target> = (targets) => {
        for (const method of targets.keys()) found.add(method)
        return false
      }
      const segments = segmentsOf(path)
      const split = splitVerb(segments)
      if (split !== undefined) walk(root, { ...split, at: 0 }, collect)
      walk(root, { segments, verb: '', at: 0 }, collect)
      return [...found].sort()
    },
  }
}

const targetsFor = <Target>(root: Node<Target>, { segments, verb }: PathTemplate): Targets<Target> => {
  let node = root
  let ends = node.ends
  for (const segment of segments) {
    if (segment.kind === 'many') {
      ends = node.open
      break
    }
    node = segment.kind === 'one' ? (node.one ??= makeNode()) : literalOf(node, segment.text)
    ends = node.ends
  }
  let targets = ends.get(verb)
  if (targets === undefined) {
    targets = new Map()
    ends.set(verb, targets)
  }
  return targets
}

const literalOf = <Target>(node: Node<Target>, text: string): Node<Target> => {
  let next = node.literals.get(text)
  if (next === undefined) {
    next = makeNode()
    node.literals.set(text, next)
  }
  return next
}

type Search = { readonly segments: readonly string[]; readonly verb: string; readonly at: number }

/** Every node is visited at most once, so that no path makes it costly. */
const walk = <Target>(node: Node<Target>, search: Search, visit: Visit<Target>): boolean => {
  const { segments, verb, at } = search
  if (at === segments.length) {
    const ended = node.ends.get(verb)
    if (ended !== undefined && visit(ended)) return true
  } else {
    const segment = segments[at] as string
    const next = { segments, verb, at: at + 1 }
    const named = node.literals.get(segment)
    if (named !== undefined && walk(named, next, visit)) return true
    if (node.one !== undefined && segment !== '' && walk(node.one, next, visit)) return true
  }
  const open = node.open.get(verb)
  return open !== undefined && visit(open)
}

/** `/a/b` has two segments, `/a/` an empty second one, `/` none. */
const segmentsOf = (path: string): readonly string[] => (path.length <= 1 ? [] : path.slice(1).split('/'))

/** A colon at the end is part of its segment: without it the path would be another, that others may guard. */
const splitVerb = (segments: readonly string[]): { segments: readonly string[]; verb: string } | undefined => {
  const last = segments.at(-1)
  const colon = last?.lastIndexOf(':') ?? -1
  if (last === undefined || colon <= 0 || colon === last.length - 1) return undefined
  return { segments: [...segments.slice(0, -1), last.slice(0, colon)], verb: last.slice(colon + 1) }
}
