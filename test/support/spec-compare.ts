import type { Entry } from './spec-page.ts'
import type { SeenCall } from './spec-upstream.ts'

/** What any value, or any further members of an object, is written as. */
const anything = '…'

/** What a header that must not be there is written as, and an empty body. */
const absent = '(absent)'
const noBody = '(no body)'

type SourceContext = { readonly source?: string }
const raw = JSON as unknown as {
  rawJSON(text: string): object
  isRawJSON(value: unknown): boolean
  parse(text: string, reviver: (key: string, value: unknown, context: SourceContext) => unknown): unknown
}

/** JSON with the digits of its numbers as they were sent; undefined where the text is none. */
const parse = (text: string): unknown => {
  try {
    return raw.parse(text, (_key, value, { source }) => (typeof value === 'number' ? raw.rawJSON(source ?? '') : value))
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !raw.isRawJSON(value)

/** The actual value with `…` wherever the page says that anything will do. */
const aligned = (actual: unknown, wanted: unknown): unknown => {
  if (wanted === anything && actual !== undefined) return anything
  if (Array.isArray(actual) && Array.isArray(wanted)) return actual.map((item, index) => aligned(item, wanted[index]))
  if (!isObject(actual) || !isObject(wanted)) return actual
  const open = Object.hasOwn(wanted, anything)
  const kept = Object.entries(actual).filter(([key]) => !open || Object.hasOwn(wanted, key))
  return Object.fromEntries([
    ...kept.map(([key, value]) => [key, aligned(value, wanted[key])] as const),
    ...(open ? [[anything, anything] as const] : []),
  ])
}

const sorted = (_key: string, value: unknown): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value

const pretty = (value: unknown): string => JSON.stringify(value, sorted, 2)

/** JSON in one form, whatever its white space and the order of its members; another text as it is. */
export const jsonText = (text: string): string => {
  const value = parse(text)
  return value === undefined ? text : pretty(value)
}

/** A body as the page would write it: JSON by its structure, another text as it is. */
const bodyText = (actual: string, wanted: string, exact: boolean): string => {
  const value = exact ? undefined : parse(actual)
  // Pages do not show the line breaks at the end of a text.
  if (value === undefined) return actual === '' ? noBody : exact ? actual : actual.trimEnd()
  return pretty(aligned(value, parse(wanted)))
}

type Headers = readonly (readonly [name: string, value: string])[]

const headerLines = (actual: Headers, wanted: Headers): readonly string[] =>
  wanted.map(([name, text]) => {
    const values = actual.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
    const value = values.length === 0 ? absent : values.join(', ')
    return `${name}: ${like(value, text) ? text : value}`
  })

/** Whether a text fits one in which `…` stands for anything. */
const like = (text: string, pattern: string): boolean => {
  if (text === absent) return pattern === absent
  const [first = '', ...rest] = pattern.split(anything)
  if (rest.length === 0) return text === pattern
  const last = rest.pop() ?? ''
  return text.length >= first.length + last.length && text.startsWith(first) && text.endsWith(last)
}

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: string }

/** An answer and what the page expects of it, in one form: equal texts where they agree. */
export const compareAnswer = (answer: Answer, wanted: Entry, exact: boolean): readonly [string, string] => {
  const { head, headers, body } = wanted
  const parts = (status: string, lines: readonly string[], text: string | undefined): string =>
    [status, ...lines, ...(text === undefined ? [] : ['', text])].join('\n')
  const wantedBody = body === undefined || exact || body === noBody ? body : jsonText(body)
  return [
    parts(
      String(answer.status),
      headerLines(answer.headers, headers),
      body === undefined ? undefined : bodyText(answer.body, body, exact),
    ),
    parts(
      head.groups?.['status'] ?? '',
      headers.map(([name, value]) => `${name}: ${value}`),
      wantedBody,
    ),
  ]
}

/** `users GET /users/u-1`, `catalog shop.v1.Catalog/Get {"id":"p-1"}`, each perhaps with ` cancelled`. */
export const seenHead =
  /^(?<upstream>[a-z][\w-]*) (?<what>[A-Z]+ \/\S*|[\w.]+\/\w+)(?: (?<request>\{.*\}))?(?<cancelled> cancelled)?$/

/** The calls that were seen and those the page lists, in one form and one order. */
export const compareCalls = (calls: readonly SeenCall[], wanted: readonly Entry[]): readonly [string, string] => {
  const left = [...calls]
  const take = (entry: Entry): SeenCall | undefined => {
    const { upstream, what, request } = entry.head.groups ?? {}
    const fitting = left.filter((call) => call.upstream === upstream && call.what === what)
    const body = request ?? entry.body
    const best = fitting.find((call) => body !== undefined && bodyText(call.body, body, false) === jsonText(body))
    const found = best ?? fitting[0]
    if (found !== undefined) left.splice(left.indexOf(found), 1)
    return found
  }
  const expected = wanted.map((entry) => {
    const { upstream = '', what = '', request, cancelled = '' } = entry.head.groups ?? {}
    const body = request ?? entry.body
    return lines(
      `${upstream} ${what}${cancelled}`,
      entry.headers.map(([name, value]) => `${name}: ${value}`),
      body === undefined ? undefined : jsonText(body),
    )
  })
  const found = wanted.flatMap((entry) => {
    const call = take(entry)
    if (call === undefined) return []
    const body = entry.head.groups?.['request'] ?? entry.body
    return lines(head(call), headerLines(call.headers, entry.headers), body && bodyText(call.body, body, false))
  })
  const unexpected = left.map((call) => lines(head(call), [], call.body === '' ? undefined : jsonText(call.body)))
  return [[...found, ...unexpected].sort().join('\n\n'), expected.sort().join('\n\n')]
}

const head = ({ upstream, what, cancelled }: SeenCall): string => `${upstream} ${what}${cancelled ? ' cancelled' : ''}`

const lines = (first: string, headers: readonly string[], body: string | undefined): string =>
  [first, ...headers, ...(body === undefined ? [] : [body])].join('\n')
