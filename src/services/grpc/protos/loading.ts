import { normalize } from 'node:path'
import protobuf, { type IParserResult, type Root } from 'protobufjs'
import { type Diagnostic, type Place, placeAt, startOf } from '../../../kernel/diagnostic.ts'
import { realPath } from '../../../kernel/snapshot.ts'
import { definitionsIn } from './definitions.ts'
import { definitionsOf, nameGroups, nameOptions } from './full-names.ts'
import { isName, packageIn } from './identifiers.ts'
import { findLostComments } from './lost-comments.ts'
import { type DefiningFile, rememberFiles, textFile } from './places.ts'
import { bundledFile, type FoundFile, findFile, type IncludeDir, noSuchFile } from './sources.ts'
import { syntaxError } from './syntax-error.ts'
import { unresolved } from './unresolved.ts'

/** A root in the making. */
export type Loading = {
  readonly root: Root
  /** By the names they are imported under. */
  readonly made: Map<string, DefiningFile>
  /** Of those that are texts. */
  readonly texts: Map<string, string>
  readonly diagnostics: Diagnostic[]
}

/** A root with everything resolved, or every mistake found. */
export type LoadedProtos = { readonly root: Root } | { readonly diagnostics: readonly Diagnostic[] }

export const startLoading = (): Loading => {
  const root = new protobuf.Root()
  // What protobufjs does for the package of a text, safe for names such as `constructor`.
  root.define = (path) => {
    const name = typeof path === 'string' ? path : path.join('.')
    const found = packageIn(root, name)
    if (found === undefined) throw new Error(`Something in package ${name} has the package's name`)
    return found
  }
  return { root, made: new Map(), texts: new Map(), diagnostics: [] }
}

/** Where a file is asked for: there its absence is told. */
export type AskedBy = () => { readonly place: Place; readonly coordinate: string }

/** Reads texts into a root: a file by the name it is imported under, and what it imports. */
export const textReader = ({ root, made, texts, diagnostics }: Loading, dirs: readonly IncludeDir[]) => {
  const asked = new Set<string>()
  /** The name that each file was first read under. */
  const names = new Map<string, string>()

  const load = (file: string, askedBy: AskedBy): void => {
    const name = normalize(file)
    if (asked.has(name)) return
    asked.add(name)
    const refuse = (message: string): void => {
      diagnostics.push({ severity: 'error', code: 'PORTICO-803', ...askedBy(), message })
    }
    const found = findFile(name, dirs) ?? bundledFile(name)
    if (found === undefined) return refuse(noSuchFile(file, dirs))
    if (!isText(found)) {
      root.addJSON(found)
      return
    }
    const path = realPath(found.path)
    const other = names.get(path)
    if (other !== undefined) return refuse(`This is the file ${other} by another name: import it by one name only.`)
    names.set(path, name)
    read(name, found)
  }

  const read = (name: string, { text, shown }: FoundFile): void => {
    made.set(name, textFile(shown, text))
    texts.set(name, text)
    diagnostics.push(...lostNames(text, shown))
    const imports = parse(text, root, name)
    if (imports instanceof Error) {
      const shownAs = (other: string): string => made.get(other)?.shown ?? other
      diagnostics.push(syntaxError(imports, { text, shown, root, shownAs }))
      return
    }
    for (const imported of imports) {
      load(imported, () => {
        const quoted = Math.max(text.indexOf(`"${imported}"`), text.indexOf(`'${imported}'`), 0)
        return { place: placeAt(shown, text, quoted), coordinate: shown }
      })
    }
  }

  return load
}

const isText = (found: FoundFile | object): found is FoundFile => 'text' in found

/** What a text imports, or what protobufjs throws at it. */
const parse = (text: string, root: Root, name: string): readonly string[] | Error => {
  // protobufjs takes the file's name from this property, and puts it on what it parses.
  const parser = protobuf.parse as typeof protobuf.parse & { filename: string | null }
  parser.filename = name
  try {
    return importsOf(parser(text, root, { keepCase: false, alternateCommentMode: true }))
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown))
  } finally {
    parser.filename = null
  }
}

const importsOf = ({ imports, weakImports }: IParserResult): readonly string[] => [
  ...(imports ?? []),
  ...(weakImports ?? []),
]

/** What protobufjs drops without a word. */
const lostNames = (text: string, shown: string): readonly Diagnostic[] => {
  if (!text.includes('__proto__')) return []
  return [...definitionsIn(text)]
    .filter(([full]) => !isName(full.split('.').at(-1) ?? ''))
    .map(([full, [definition]]) => ({
      severity: 'error',
      code: 'PORTICO-801',
      place: placeAt(shown, text, definition?.name ?? 0),
      coordinate: full,
      message: 'Nothing can be named __proto__: it means something else in JavaScript.',
    }))
}

/** Resolves what has been read, where nothing was wrong with it. */
export const finishLoading = ({ root, made, texts, diagnostics }: Loading): LoadedProtos => {
  rememberFiles(root, made)
  if (diagnostics.length === 0) diagnostics.push(...unresolved(root))
  if (diagnostics.length > 0) return { diagnostics }
  const definitions = definitionsOf(root)
  findLostComments(definitions, texts)
  nameGroups(definitions)
  try {
    root.resolveAll()
  } catch (thrown) {
    const place = made.values().next().value?.start ?? startOf('')
    const message = thrown instanceof Error ? `${thrown.message}.` : String(thrown)
    return { diagnostics: [{ severity: 'error', code: 'PORTICO-801', place, coordinate: place.file, message }] }
  }
  nameOptions(definitions)
  return { root }
}
