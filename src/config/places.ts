import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  type Node,
  type Scalar,
  visit,
} from 'yaml'
import { stars } from '../kernel/covered.ts'
import { type Place, placeAt } from '../kernel/diagnostic.ts'
import type { Path } from './shape.ts'

/** Where the settings of a file stand, for mistakes that only show later. */
export type Places = {
  /** The place of a key or of its value; of the nearest setting above it where there is no such key. */
  at(path: Path, part: 'key' | 'value'): Place
  /** What is written there, variables and files not put in; undefined where there is no such setting, or no single value. */
  written(path: Path): string | undefined
}

/** How a setting is named in messages: `services.users.rest`, `routes[0].path`. */
export const coordinateOf = (path: Path): string =>
  path.reduce<string>(
    (text, segment) =>
      typeof segment === 'number' ? `${text}[${segment}]` : text === '' ? segment : `${text}.${segment}`,
    '',
  )

/** Keys whose values are nobody's business: they may come from a file, and no message shows them. */
export const isSecret = (path: Path): boolean => secretKeys.has(String(path.at(-1)))

const secretKeys: ReadonlySet<string> = new Set(['secret', 'clientSecret', 'redis'])

/** Whether a secret stands in the file itself, be it as the default of a variable. Of a URL what stands before its host counts. */
export const isWrittenOut = (path: Path, written: string): boolean => {
  const literal = written.replaceAll(/\$\{\w+(?::-)?\}/g, '')
  return path.at(-1) === 'redis' ? /[^/:@]@/.test(literal) : literal !== '' && !literal.startsWith('file:')
}

/** The text of a key, as a setting is named by it; undefined where the key is no plain word. */
export const keyText = (key: unknown): string | undefined =>
  isScalar(key) && key.value !== null ? (typeof key.value === 'string' ? key.value : String(key.source)) : undefined

type Spot = { readonly key: unknown; readonly value: unknown }

const spotBelow = (document: Document, value: unknown, segment: string | number): Spot | undefined => {
  const node = isAlias(value) ? value.resolve(document) : value
  if (isMap(node)) return node.items.find(({ key }) => keyText(key) === String(segment))
  const item = isCollection(node) && !isMap(node) ? node.items[Number(segment)] : undefined
  return item === undefined ? undefined : { key: item, value: item }
}

const spotOf = (document: Document, path: Path): Spot | undefined =>
  path.reduce<Spot | undefined>((spot, segment) => spot && spotBelow(document, spot.value, segment), {
    key: undefined,
    value: document.contents,
  })

const spotAt = (document: Document, path: Path): Spot => {
  let spot: Spot = { key: document.contents, value: document.contents }
  for (const segment of path) {
    const next = spotBelow(document, spot.value, segment)
    if (next === undefined) return { key: spot.key, value: spot.key }
    spot = next
  }
  return spot
}

export const startOfNode = (node: unknown): number | undefined =>
  isNode(node) ? (node as Node).range?.[0] : isPair(node) ? startOfNode(node.key) : undefined

/** A value behind a key that is its line's first, to the end of the line; and one among others, to the end of its own. */
const secretLines = [
  /(?<=^[ \t]*(?:- +)?["']?[\w-]*(?:secret|passw(?:or)?d|passphrase|redis)[\w-]*["']?[ \t]*:)[^\r\n]+/gim,
  /(?<=[{,][ \t]*["']?[\w-]*(?:secret|passw(?:or)?d|passphrase|redis)[\w-]*["']?[ \t]*:)[ \t]*(?:"[^"\r\n]*"?|'[^'\r\n]*'?|[^,}\]\r\n]+)/gim,
]

/**
 * Secrets written out in the file are covered in the lines that messages show; every column stays where it is. First
 * by what the file means, then by how it looks: where somebody makes a mistake, it means something else.
 */
const withoutSecrets = (document: Document, text: string): string => {
  let shown = text
  const cover = (name: string, { range }: Scalar): void => {
    if (!range) return
    const written = text.slice(range[0], range[1])
    if (isWrittenOut([name], written.replaceAll(/^["']|["']$/g, '')))
      shown = shown.slice(0, range[0]) + stars(written) + shown.slice(range[1])
  }
  visit(document, {
    Pair(_, { key, value }) {
      const name = keyText(key)
      if (name === undefined || !isSecret([name])) return
      if (isNode(value)) visit(value, { Scalar: (_key, node) => cover(name, node) })
    },
  })
  for (const lines of secretLines)
    shown = shown.replaceAll(lines, (value, at: number) => {
      const isUrl = /redis[\w-]*["']?[ \t]*:$/i.test(shown.slice(Math.max(0, at - 40), at))
      return isWrittenOut([isUrl ? 'redis' : 'secret'], value.trim().replaceAll(/^["']|["']$/g, ''))
        ? value.replace(/\S(?:.*\S)?/, stars)
        : value
    })
  return shown
}

/** Places of a parsed file; `offset` is for what stands at no setting of its own. */
export const placesOf = (file: string, text: string, document: Document): Places & { offset(at: number): Place } => {
  let shown: string | undefined
  const offset = (at: number) => {
    shown ??= withoutSecrets(document, text)
    return placeAt(file, shown, Math.min(Math.max(at, 0), shown.length))
  }
  return {
    offset,
    written(path) {
      const spot = spotOf(document, path)
      const node = isAlias(spot?.value) ? spot.value.resolve(document) : spot?.value
      return isScalar(node) ? keyText(node) : undefined
    },
    at(path, part) {
      const { key, value } = spotAt(document, path)
      const keyPlace = offset(startOfNode(key) ?? 0)
      const valueStart = part === 'value' && !isEmpty(value) ? startOfNode(value) : undefined
      if (valueStart === undefined) return keyPlace
      const valuePlace = offset(valueStart)
      // A block that starts below its key would show its first line, which is not what is wrong.
      return valuePlace.line === keyPlace.line ? valuePlace : keyPlace
    },
  }
}

const isEmpty = (value: unknown): boolean => isScalar(value) && value.value === null && value.source === ''
