import { anyText, type TextForm, valueOf } from './text.ts'

export type Place = 'path' | 'query' | 'header' | 'cookie'

/** Which styles a place has, the usual one first (OpenAPI 3.1 §4.8.12.3). */
export const styles: Readonly<Record<Place, readonly string[]>> = {
  path: ['simple'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form'],
}

/** How a parameter is written. */
export type Writing = {
  /** Of a header in lower case. */
  readonly name: string
  readonly place: Place
  readonly form: TextForm
  /** Whether each item or member stands for itself. */
  readonly isExploded: boolean
  readonly style: string
}

/** Texts of a request by the names under which they stand, still escaped: each as often as it is there. */
export type Texts = ReadonlyMap<string, readonly string[]>

/** What is wrong with how a parameter is written. */
export class Unread extends Error {}

const delimiters: Readonly<Record<string, RegExp>> = {
  simple: /,/,
  form: /,/,
  spaceDelimited: /%20|\+/,
  pipeDelimited: /\||%7C/i,
}

/** Whether a name of the query belongs to a parameter. */
export const claims = (writing: Writing, asked: string): boolean => {
  const { name, form, style } = writing
  if (!isSpread(writing)) return asked === name
  if (style === 'deepObject') return asked.startsWith(`${name}[`) && asked.endsWith(']')
  return form.isOpen || form.members?.has(asked) === true
}

/** An object is written over names of its own. */
const isSpread = ({ form, isExploded, style, place }: Writing): boolean =>
  form.members !== undefined && (style === 'deepObject' || (isExploded && (place === 'query' || place === 'cookie')))

/** The texts of a parameter, those of an object by its members; undefined where there are none. */
export const found = (writing: Writing, texts: Texts): Texts | undefined => {
  const { name, style } = writing
  if (!isSpread(writing)) {
    const own = texts.get(name)
    return own && new Map([[name, own]])
  }
  const own = [...texts].filter(([asked]) => claims(writing, asked))
  if (own.length === 0) return undefined
  return new Map(style === 'deepObject' ? own.map(([asked, all]) => [asked.slice(name.length + 1, -1), all]) : own)
}

export const isEmpty = (texts: Texts): boolean => [...texts.values()].every((own) => own.every((text) => text === ''))

/**
 * The values for which a parameter may stand, the likeliest first: `7` may be a string as well. Throws Unread. With
 * `asText` the text alone.
 */
export const valuesOf = (writing: Writing, texts: Texts, asText = false): readonly unknown[] =>
  asText || writing.form.isString || writing.form.items?.isString === true || writing.form.members !== undefined
    ? [...(asText ? [] : [valueIn(writing, texts, false)]), valueIn(writing, texts, true)]
    : [valueIn(writing, texts, false)]

const valueIn = (writing: Writing, texts: Texts, asText: boolean): unknown => {
  const { form, place, isExploded, style } = writing
  const one = (own: readonly string[], as: TextForm): unknown => valueOf(plain(only(own), place), as, asText)
  const each = (own: readonly string[], items: TextForm): readonly unknown[] => own.map((text) => one([text], items))
  const ofMember = (name: string, own: readonly string[]): unknown => {
    const member = form.members?.get(name) ?? anyText
    return member.items === undefined ? one(own, member) : each(own, member.items)
  }
  if (isSpread(writing)) return Object.fromEntries([...texts].map(([name, own]) => [name, ofMember(name, own)]))
  const [own = []] = texts.values()
  if (form.items === undefined && form.members === undefined) return one(own, form)
  if (form.items !== undefined && isExploded && place === 'query') return each(own, form.items)
  const text = only(own)
  const parts =
    text === '' ? [] : text.split(delimiters[style] as RegExp).map((part) => (place === 'header' ? part.trim() : part))
  if (form.items !== undefined) return each(parts, form.items)
  const pairs = isExploded
    ? parts.map((part) => [part.split('=', 1)[0] as string, part.slice(part.indexOf('=') + 1)] as const)
    : parts.flatMap((part, index) => (index % 2 === 0 ? [[part, parts[index + 1] ?? ''] as const] : []))
  const named = pairs.map(([name, part]) => [plain(name, place), part] as const)
  if (new Set(named.map(([name]) => name)).size < named.length) throw new Unread('has a name more than once')
  return Object.fromEntries(named.map(([name, part]) => [name, ofMember(name, [part])]))
}

const only = ([text, more]: readonly string[]): string => {
  if (text === undefined || more !== undefined) throw new Unread('is there more than once')
  return text
}

/** A text without its escapes. */
const plain = (text: string, place: Place): string => {
  if (place === 'header') return text
  try {
    return decodeURIComponent(place === 'query' ? text.replaceAll('+', ' ') : text)
  } catch {
    // A cookie is whatever its maker made it.
    if (place === 'cookie') return text
    throw new Unread('has an escape that is broken')
  }
}
