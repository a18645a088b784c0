import { canonicalPath } from '../../../kernel/path.ts'
import { anyMethod, createMatcher } from '../../matcher.ts'

/** One segment of a path of a document: its text, or texts around parameters. */
type Segment = { readonly texts: readonly string[]; readonly names: readonly string[] }

/** Segments as a route has them: text, or undefined for whatever comes; `isOpen` where more may follow. */
export type Asked = { readonly segments: readonly (string | undefined)[]; readonly isOpen: boolean }

export type Paths<Target> = {
  readonly add: (path: string, target: Target) => void
  /** Asks for what fits a path until something is accepted: text goes before parameters (OpenAPI 3.1 §4.8.8.2). */
  readonly search: (
    path: string,
    accept: (target: Target, values: ReadonlyMap<string, readonly string[]>) => boolean,
  ) => void
  /** Whether a request of a route may be for one of them. */
  readonly isReached: (asked: Asked) => boolean
}

/** A path of a document, taken apart. */
const segmentsOf = (path: string): readonly Segment[] =>
  path
    .split('/')
    .slice(1)
    .map((segment) => {
      const parts = segment.split(/\{([^{}]*)\}/)
      const texts = parts.filter((_, index) => index % 2 === 0)
      return { texts: texts.map(canonical), names: parts.filter((_, index) => index % 2 === 1) }
    })

/** As requests spell it. Between letters, lest a dot is taken for a segment. */
const canonical = (text: string): string => canonicalPath(`/x${encodeURI(decoded(text))}x`)?.slice(2, -1) ?? text

const decoded = (text: string): string => {
  try {
    return decodeURI(text)
  } catch {
    return text
  }
}

type Entry<Target> = { readonly segments: readonly Segment[]; readonly target: Target }

export const createPaths = <Target>(): Paths<Target> => {
  const matcher = createMatcher<Entry<Target>[]>()
  // By the text of the first segment: ten thousand routes ask for one of as many paths.
  const byFirst = new Map<string | undefined, (readonly Segment[])[]>()
  return {
    add(path, target) {
      const segments = path === '/' ? [] : segmentsOf(path)
      const entry = { segments, target }
      const first = segments[0]?.names.length === 0 ? segments[0].texts[0] : undefined
      const alike = byFirst.get(first)
      if (alike === undefined) byFirst.set(first, [segments])
      else alike.push(segments)
      const template = {
        text: path,
        verb: '',
        variables: [],
        segments: segments.map(({ texts, names }) =>
          names.length === 0 ? { kind: 'literal' as const, text: texts[0] as string } : ({ kind: 'one' } as const),
        ),
      }
      const others = matcher.add(template, anyMethod, [entry])
      others?.push(entry)
      others?.sort((a, b) => textLength(b.segments) - textLength(a.segments))
    },
    search(path, accept) {
      const came = path === '/' ? [] : path.split('/').slice(1)
      matcher.search(path, (entries) =>
        entries.some(({ segments, target }) => {
          const values = valuesIn(came, segments)
          return values !== undefined && accept(target, values)
        }),
      )
    },
    isReached(asked) {
      const [first] = asked.segments
      const likely =
        first === undefined ? [...byFirst.values()] : [byFirst.get(first) ?? [], byFirst.get(undefined) ?? []]
      return likely.some((paths) => paths.some((known) => reaches(asked, known)))
    },
  }
}

const reaches = ({ segments, isOpen }: Asked, known: readonly Segment[]): boolean => {
  if (isOpen ? known.length < segments.length : known.length !== segments.length) return false
  return segments.every((text, index) => text === undefined || fits(known[index] as Segment, text))
}

const fits = ({ texts, names }: Segment, text: string): boolean =>
  names.length === 0 ? texts[0] === text : partsOf(text, texts) !== undefined

const textLength = (segments: readonly Segment[]): number => segments.flatMap(({ texts }) => texts).join('').length

const valuesIn = (
  came: readonly string[],
  segments: readonly Segment[],
): ReadonlyMap<string, readonly string[]> | undefined => {
  const values = new Map<string, readonly string[]>()
  for (const [index, { texts, names }] of segments.entries()) {
    const found = names.length === 0 ? [] : partsOf(came[index] as string, texts)
    if (found === undefined) return undefined
    for (const [at, name] of names.entries()) values.set(name, [found[at] as string])
  }
  return values
}

/** What stands between the texts of a segment; undefined where they are not in it. */
const partsOf = (segment: string, texts: readonly string[]): readonly string[] | undefined => {
  const [first = '', ...others] = texts
  if (!segment.startsWith(first)) return undefined
  const parts: string[] = []
  let at = first.length
  for (const [index, text] of others.entries()) {
    const isLast = index === others.length - 1
    const end = isLast ? segment.length - text.length : segment.indexOf(text, at + 1)
    // Every parameter is something.
    if (end <= at || !segment.startsWith(text, end)) return undefined
    parts.push(segment.slice(at, end))
    at = end + text.length
  }
  return parts
}
