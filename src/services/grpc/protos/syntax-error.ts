import type { ReflectionObject, Root } from 'protobufjs'
import { type Diagnostic, type Place, placeAt, startOf } from '../../../kernel/diagnostic.ts'
import { definitionsIn } from './definitions.ts'
import { textFile } from './places.ts'

type Source = {
  readonly text: string
  readonly shown: string
  /** What has been read so far, of this file and of those before. */
  readonly root: Root
  /** What a file is called in diagnostics, by the name it is imported under. */
  readonly shownAs: (name: string) => string
}

/** What protobufjs did not like in a text. It says the line it had reached, but for names and numbers that are there twice. */
export const syntaxError = (thrown: unknown, source: Source): Diagnostic => {
  const said = thrown instanceof Error ? thrown.message : String(thrown)
  const { shown, text } = source
  const line = Number(/line (\d+)\)$/.exec(said)?.[1] ?? 0)
  const token = /'([^']+)'/.exec(said)?.[1] ?? ''
  const told = line > 0 ? { place: placeInLine(text, shown, { line, token }), message: reason(said) } : undefined
  const { place, message } = told ?? duplicate(said, source) ?? { place: startOf(shown, text), message: reason(said) }
  return { severity: 'error', code: 'PORTICO-801', place, coordinate: shown, message }
}

const reason = (said: string): string => {
  const bare = said.replace(/ \([^()]*line \d+\)$/, '')
  return `${bare.charAt(0).toUpperCase()}${bare.slice(1)}.`
}

const placeInLine = (text: string, shown: string, { line, token }: { line: number; token: string }): Place => {
  const lines = text.split('\n')
  const lineText = lines[line - 1] ?? ''
  const found = token === '' ? -1 : lineText.indexOf(token)
  const column = found >= 0 ? found : lineText.length - lineText.trimStart().length
  return placeAt(shown, text, lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0) + column)
}

type Told = { readonly place: Place; readonly message: string }

const duplicate = (said: string, source: Source): Told | undefined =>
  duplicateName(said, source) ?? duplicateNumber(said, source)

/** The last definition of the name is the one too many. One that another file has is told with that file. */
const duplicateName = (said: string, { text, shown, root, shownAs }: Source): Told | undefined => {
  const [, name, owner = ''] = /^duplicate name '([^']+)' in \w+(?: \.?([\w.]+))?$/.exec(said) ?? []
  if (name === undefined) return undefined
  const full = owner === '' ? name : `${owner}.${name}`
  const places = textFile(shown, text).placesOf(full)
  const place = places.at(-1) ?? placeAt(shown, text, Math.max(0, text.lastIndexOf(name)))
  const other = root.lookup(full.split('.'))
  const elsewhere = places.length < 2 && other !== null ? fileOf(other) : undefined
  const message =
    elsewhere === undefined ? reason(said) : `Duplicate name '${name}': ${shownAs(elsewhere)} defines ${full} too.`
  return { place, message }
}

const fileOf = ({ filename }: ReflectionObject): string | undefined => filename ?? undefined

/** The second definition with the number. The message it is in has not got its name yet when the mistake is found. */
const duplicateNumber = (said: string, { text, shown }: Source): Told | undefined => {
  const [, id, owner] = /^duplicate id (\d+) in \w+ (?:[\w.]*\.)?(\w+)/.exec(said) ?? []
  if (id === undefined) return undefined
  const numbered = new RegExp(`=\\s*${id}\\b[^=]*$`)
  const found = [...definitionsIn(text)]
    .filter(([name]) => name.split('.').at(-2) === owner)
    .flatMap(([, definitions]) => definitions)
    .filter(({ name, end }) => numbered.test(text.slice(name, end)))
    .toSorted((a, b) => a.name - b.name)
  return { place: placeAt(shown, text, found[1]?.name ?? found[0]?.name ?? 0), message: reason(said) }
}
