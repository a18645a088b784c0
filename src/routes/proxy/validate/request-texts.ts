import type { FastifyRequest } from 'fastify'
import type { Place, Texts } from './writing.ts'

/** What a request says at each place, taken apart when the first asks. */
export const textsOf = (
  { headers }: FastifyRequest,
  { path, query }: { readonly path: Texts; readonly query: string },
): ((place: Place) => Texts) => {
  const read = new Map<Place, Texts>([['path', path]])
  const make = (place: Place): Texts => {
    if (place === 'query') return queryTexts(query)
    return place === 'cookie' ? cookieTexts(headers.cookie) : headerTexts(headers)
  }
  return (place) => {
    let texts = read.get(place)
    if (texts === undefined) read.set(place, (texts = make(place)))
    return texts
  }
}

/** Names without their escapes, texts with them: a comma of a list is told from one in an item. */
const queryTexts = (query: string): Texts => {
  const texts = new Map<string, string[]>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals))
    const text = equals < 0 ? '' : pair.slice(equals + 1)
    const before = texts.get(name)
    if (before === undefined) texts.set(name, [text])
    else before.push(text)
  }
  return texts
}

const decoded = (name: string): string => {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '))
  } catch {
    return name
  }
}

const headerTexts = (headers: FastifyRequest['headers']): Texts =>
  new Map(Object.entries(headers).map(([name, value]) => [name, [[value ?? ''].flat().join(', ')]]))

/** The first of a name (RFC 6265 §5.4 sends the most specific first). */
const cookieTexts = (header: string | undefined): Texts => {
  const texts = new Map<string, string[]>()
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, Math.max(equals, 0)).trim()
    if (equals > 0 && !texts.has(name)) texts.set(name, [pair.slice(equals + 1).trim()])
  }
  return texts
}
