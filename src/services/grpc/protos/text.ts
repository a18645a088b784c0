import { existsSync, globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import protobuf, { type IParserResult, type Root } from 'protobufjs'
import { type Diagnostic, didYouMean, type Place, placeAt, startOf } from '../../../kernel/diagnostic.ts'
import { unresolved } from './unresolved.ts'

export type ProtoSources = {
  /** The files to load, relative to `includeDir`, with forward slashes. */
  readonly files: readonly string[]
  /** Where files and their imports are looked up. */
  readonly includeDir: string
  /** What `includeDir` is called in diagnostics, such as `protos`. */
  readonly displayDir: string
  /** Where one of `files` is asked for, to say there that it is missing; by default the missing file's own first line. */
  readonly askedBy?: (file: string) => { readonly place: Place; readonly coordinate: string }
}

/** A root with everything resolved, or every mistake found. */
export type LoadedProtos = { readonly root: Root } | { readonly diagnostics: readonly Diagnostic[] }

/** The text of one loaded file, by the name it is imported under. */
export type ProtoTexts = ReadonlyMap<string, string>

/**
 * Loads proto files and what they import into one root. Imports are looked up in `includeDir`, then among the
 * `google/protobuf/*` and `google/api/*` files that protobufjs brings. Field names become lowerCamel and keep
 * their proto names; comments are kept. Mistakes come back as diagnostics; nothing is thrown.
 */
export const loadProtos = (sources: ProtoSources): LoadedProtos => {
  const { files, displayDir } = sources
  const root = new protobuf.Root()
  const texts = new Map<string, string>()
  const diagnostics: Diagnostic[] = []
  const seen = new Set<string>()

  const load = (file: string, missing: () => Diagnostic): void => {
    const name = normalize(file)
    if (seen.has(name)) return
    seen.add(name)
    const found = lookUp(name, sources.includeDir)
    if (found === undefined) {
      diagnostics.push(missing())
    } else if (typeof found === 'string') {
      texts.set(name, found)
      const shown = `${displayDir}/${name}`
      const parsed = parse(found, root, { name, shown })
      if ('message' in parsed) diagnostics.push(parsed)
      else
        for (const imported of importsOf(parsed))
          load(imported, () => missingImport(imported, found, { shown, sources }))
    } else {
      root.addJSON(found)
    }
  }

  for (const file of files) load(file, () => missingFile(file, sources))
  if (diagnostics.length > 0) return { diagnostics }
  return resolve(root, texts, displayDir)
}

type BundledJson = NonNullable<Parameters<Root['addJSON']>[0]>

const bundledDir = dirname(createRequire(import.meta.url).resolve('protobufjs/package.json'))

/** A file's text, the definitions of one that protobufjs brings parsed, or undefined. Nothing outside the directory is read. */
const lookUp = (name: string, includeDir: string): string | BundledJson | undefined => {
  if (name.startsWith('..') || name.startsWith('/')) return undefined
  const own = read(join(includeDir, name))
  if (own !== undefined || !name.startsWith('google/')) return own
  const parsed = Object.hasOwn(protobuf.common, name) ? protobuf.common.get(name) : null
  return parsed?.nested ?? read(join(bundledDir, name))
}

const read = (path: string): string | undefined => {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined
  } catch {
    return undefined // a directory, or not ours to read: as good as missing
  }
}

const importsOf = ({ imports, weakImports }: IParserResult): readonly string[] => [
  ...(imports ?? []),
  ...(weakImports ?? []),
]

const parse = (
  text: string,
  root: Root,
  { name, shown }: { name: string; shown: string },
): IParserResult | Diagnostic => {
  // protobufjs takes the file's name from this property, and puts it on what it parses.
  const parser = protobuf.parse as typeof protobuf.parse & { filename: string | null }
  parser.filename = name
  try {
    return parser(text, root, { keepCase: false, alternateCommentMode: true })
  } catch (thrown) {
    return syntaxError(thrown instanceof Error ? thrown.message : String(thrown), text, shown)
  } finally {
    parser.filename = null
  }
}

/** protobufjs says what it did not like and, of syntax, the line it had reached. */
const syntaxError = (message: string, text: string, shown: string): Diagnostic => {
  const line = Number(/line (\d+)\)$/.exec(message)?.[1] ?? 0)
  const token = /'([^']+)'/.exec(message)?.[1] ?? ''
  const reason = message.replace(/ \([^()]*line \d+\)$/, '')
  return {
    severity: 'error',
    place: line > 0 ? placeInLine(text, shown, { line, token }) : placeOfDuplicate(text, shown, message),
    coordinate: shown,
    message: `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`,
  }
}

const placeInLine = (text: string, shown: string, { line, token }: { line: number; token: string }): Place => {
  const lines = text.split('\n')
  const lineText = lines[line - 1] ?? ''
  const found = token === '' ? -1 : lineText.indexOf(token)
  const column = found >= 0 ? found : lineText.length - lineText.trimStart().length
  return placeAt(shown, text, lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0) + column)
}

/** Duplicates come without a line: the last place that has the name is the one too many, of a number the second. */
const placeOfDuplicate = (text: string, shown: string, message: string): Place => {
  const [, id, owner] = /^duplicate id (\d+) in \w+ (?:[\w.]*\.)?(\w+)/.exec(message) ?? []
  if (id !== undefined) {
    const start = Math.max(0, text.search(new RegExp(`\\b(?:message|enum)\\s+${owner}\\b`)))
    const second = [...text.slice(start).matchAll(new RegExp(`\\b\\w+\\s*=\\s*${id}\\b`, 'g'))][1]
    return placeAt(shown, text, start + (second?.index ?? 0))
  }
  const name = /'([^']+)'/.exec(message)?.[1]
  return name === undefined ? startOf(shown, text) : placeAt(shown, text, Math.max(0, text.lastIndexOf(name)))
}

const missingFile = (file: string, sources: ProtoSources): Diagnostic => {
  const shown = `${sources.displayDir}/${file}`
  const { place, coordinate } = sources.askedBy?.(file) ?? { place: startOf(shown), coordinate: shown }
  return { severity: 'error', place, coordinate, message: noSuchFile(file, sources) }
}

type ImportedBy = { readonly shown: string; readonly sources: ProtoSources }

const missingImport = (file: string, text: string, { shown, sources }: ImportedBy): Diagnostic => {
  const quoted = Math.max(text.indexOf(`"${file}"`), text.indexOf(`'${file}'`), 0)
  return {
    severity: 'error',
    place: placeAt(shown, text, quoted),
    coordinate: shown,
    message: noSuchFile(file, sources),
  }
}

const noSuchFile = (file: string, { includeDir, displayDir }: ProtoSources): string => {
  const own = globSync('**/*.proto', { cwd: includeDir }).map((path) => path.replaceAll('\\', '/'))
  return `No such file under ${displayDir}/.${didYouMean(file, own)}`
}

const resolve = (root: Root, texts: ProtoTexts, displayDir: string): LoadedProtos => {
  const diagnostics = unresolved(root, texts, displayDir)
  if (diagnostics.length > 0) return { diagnostics }
  try {
    root.resolveAll()
    return { root }
  } catch (thrown) {
    const [name = '', text = ''] = texts.entries().next().value ?? []
    const shown = `${displayDir}/${name}`
    const message = thrown instanceof Error ? `${thrown.message}.` : String(thrown)
    return { diagnostics: [{ severity: 'error', place: startOf(shown, text), coordinate: shown, message }] }
  }
}
