import protobuf, { type Field, type ReflectionObject, type Root } from 'protobufjs'
import { type Place, placeAt, startOf } from '../../../kernel/diagnostic.ts'
import { type Definitions, definitionsIn } from './definitions.ts'

/** What is meant of a definition, where it is not its name. */
export type Part = {
  /** A value of an enum. */
  readonly value?: string
  /** A text that its definition holds, such as a path template or a type's name. */
  readonly text?: string
  /** The character of `text` that is meant. */
  readonly at?: number
  /** Of an extension, the name of the message it extends. */
  readonly extended?: boolean
}

/** One file of a root, asked for places. */
export type DefiningFile = {
  /** What it is called in diagnostics. */
  readonly shown: string
  /** The places of a name, of all its definitions there; empty where the file has none. */
  placesOf(fullName: string, part?: Part): readonly Place[]
  /** The file as a whole. */
  readonly start: Place
}

const files = new WeakMap<Root, ReadonlyMap<string, DefiningFile>>()

/** Keeps what a root was made from, by the names its files are imported under, for as long as the root is there. */
export const rememberFiles = (root: Root, made: ReadonlyMap<string, DefiningFile>): void => {
  files.set(root, made)
}

/**
 * Where a message, field, oneof, enum, value of an enum, service or method is defined: its name in the text of its proto
 * file, or the place that a descriptor set keeps for it. Where neither is known, the start of its file.
 */
export const placeOfDefinition = (object: ReflectionObject, part: Part = {}): Place => {
  // An extension is copied into the message it extends; the file has it where it is declared.
  const defined = (object as Partial<Field>).declaringField ?? object
  const name = fileOf(defined)
  const file = files.get(defined.root)?.get(name)
  if (file === undefined) return startOf(name)
  const full = nameInFile(defined)
  const own = part.value === undefined ? [] : file.placesOf(`${full}.${part.value}`)
  return own[0] ?? file.placesOf(full, part)[0] ?? file.start
}

const fileOf = (object: ReflectionObject): string => {
  for (let at: ReflectionObject | null = object; at !== null; at = at.parent)
    if (typeof at.filename === 'string') return at.filename
  return 'google/protobuf' // the only definitions that come without a file, and nothing of them can be wrong
}

/** A full name as the file has it, where protobufjs has changed the case of fields. */
export const nameInFile = (object: ReflectionObject): string => {
  const owner = object.parent?.fullName.slice(1) ?? ''
  const own = object instanceof protobuf.Field ? protoNameOf(object) : object.name
  return owner === '' ? own : `${owner}.${own}`
}

/** Not `field.protoName` alone: it is set only when the field is resolved. */
export const protoNameOf = (field: Field): string =>
  (field as { readonly protoName?: string | undefined }).protoName ?? field.name

/** A file whose text is known. Its definitions are searched for when the first place is asked for. */
export const textFile = (shown: string, text: string): DefiningFile => {
  let definitions: Definitions | undefined
  return {
    shown,
    start: startOf(shown, text),
    placesOf(fullName, { text: sought, at = 0, extended: ofExtended = false } = {}) {
      definitions ??= definitionsIn(text)
      const found = definitions.get(fullName) ?? definitions.get(oneofNamed(fullName, definitions)) ?? []
      return found.map(({ name, start, end, extended }) => {
        if (ofExtended && extended !== undefined) return placeAt(shown, text, extended)
        const inside = sought === undefined ? -1 : positionIn(text.slice(start, end), sought)
        return placeAt(shown, text, inside < 0 ? name : start + inside + at)
      })
    },
  }
}

/** The name of a oneof is the one that protobufjs changes for good. */
const oneofNamed = (fullName: string, definitions: Definitions): string => {
  for (const name of definitions.keys()) {
    const dot = name.lastIndexOf('.') + 1
    if (name.slice(0, dot) + protobuf.util.camelCase(name.slice(dot)) === fullName) return name
  }
  return fullName
}

/** A whole word, or a quoted text. */
const positionIn = (text: string, sought: string): number => {
  const escaped = sought.replaceAll(/[^\w]/g, '\\$&')
  return /^[\w.]+$/.test(sought) ? text.search(new RegExp(`(?<![\\w.])${escaped}(?![\\w.])`)) : text.indexOf(sought)
}
