import { globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import protobuf from 'protobufjs'
import { type Diagnostic, didYouMean, placeAt, startOf } from '../../kernel/diagnostic.ts'

export type ProtoRequest = {
  /** As the user named them, relative to where the command runs, to `protos/`, or to one of `include`, as protoc takes them. */
  readonly files: readonly string[]
  /** Where imports are looked up beside the workspace, as the user named them. */
  readonly include: readonly string[]
  /** Absolute path of the workspace. */
  readonly workspaceDir: string
  /** Whether the gateway brings a file such as google/api/annotations.proto. */
  readonly isBundled: (name: string) => boolean
}

export type FoundProtos = {
  /** For the service's `proto`: relative to `protos/` or to one of `include`. */
  readonly proto: readonly string[]
  /** For the service's `include`: directories of the workspace. */
  readonly include: readonly string[]
  /** What is copied into `protos/`, by its path there; where each comes from, as the user would name it. */
  readonly copies: ReadonlyMap<string, { readonly from: string; readonly text: string }>
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Finds proto files and what they import. What lies in the workspace stays there; everything else is to be copied to
 * the path under which it is imported.
 */
export const findProtos = (request: ProtoRequest): FoundProtos => {
  const protos = join(request.workspaceDir, 'protos')
  const inside = request.include.filter((dir) => isInside(resolve(dir), request.workspaceDir))
  const roots = [protos, ...inside.map((dir) => resolve(dir))]
  const outside = request.include.filter((dir) => !inside.includes(dir)).map((dir) => resolve(dir))
  const diagnostics: Diagnostic[] = []
  const copies = new Map<string, { from: string; text: string }>()
  const proto: string[] = []

  const copy = (name: string, { path, text }: Found, importRoots: readonly string[]): void => {
    if (copies.has(name)) return
    copies.set(name, { from: shown(path), text })
    for (const imported of importsOf(text)) {
      if (copies.has(imported) || request.isBundled(imported)) continue
      const found = read(importRoots, imported)
      if (found === undefined) {
        if (read(roots, imported) === undefined) diagnostics.push(noSuchImport(imported, { path, text }, importRoots))
      } else if (!roots.some((root) => isSame(root, imported, found))) copy(imported, found, importRoots)
    }
  }

  for (const file of request.files) {
    const path = [resolve(file), join(protos, file), ...request.include.map((dir) => resolve(dir, file))].find(isFile)
    const text = path === undefined ? undefined : readText(path)
    const refuse = (message: string): void => {
      diagnostics.push({ severity: 'error', code: 'PORTICO-009', place: startOf(file), coordinate: '--proto', message })
    }
    if (path === undefined || text === undefined) {
      refuse(
        `There is no readable file ${file}, neither here nor under ${['protos/ of the workspace', ...request.include].join(', ')}.`,
      )
      continue
    }
    if (text.includes('\0')) {
      refuse(`${file} is no text. A descriptor set is registered by --descriptors ${file}.`)
      continue
    }
    const home = roots.find((root) => isInside(path, root))
    if (home !== undefined) {
      proto.push(slashed(relative(home, path)))
      continue
    }
    const root = outside.find((dir) => isInside(path, dir)) ?? rootOf(path, text)
    const name = slashed(relative(root, path))
    proto.push(name)
    copy(name, { path, text }, [root, ...outside])
  }
  const include = inside
    .map((dir) => slashed(relative(request.workspaceDir, resolve(dir))))
    .filter((dir) => dir !== 'protos')
  return { proto: [...new Set(proto)], include, copies, diagnostics }
}

type Found = { readonly path: string; readonly text: string }

const read = (roots: readonly string[], name: string): Found | undefined => {
  for (const root of roots) {
    const path = join(root, name)
    const text = isInside(path, root) && isFile(path) ? readText(path) : undefined
    if (text !== undefined) return { path, text }
  }
  return undefined
}

/** That an import is nowhere: where it stands, where it was looked for, and what may be meant. */
const noSuchImport = (name: string, { path, text }: Found, importRoots: readonly string[]): Diagnostic => {
  const names = importRoots.flatMap((dir) => globSync('**/*.proto', { cwd: dir }).map(slashed))
  const places = importRoots.map((dir) => shown(dir) || '.').join(', ')
  const file = shown(path)
  return {
    severity: 'error',
    code: 'PORTICO-803',
    place: placeAt(file, text, Math.max(0, text.indexOf(`"${name}"`))),
    coordinate: file,
    message: `No such file under ${places} or protos/ of the workspace.${didYouMean(name, names)} --include names more directories.`,
  }
}

/** Whether the workspace has a file in the same words: then nothing is written. */
const isSame = (root: string, name: string, { text }: Found): boolean => read([root], name)?.text === text

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true

const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // not ours to read: as good as missing
  }
}

const isInside = (path: string, dir: string): boolean => path === dir || path.startsWith(`${dir}${sep}`)

const slashed = (path: string): string => path.replaceAll('\\', '/')

/** A path as a user would write it from where the command runs. */
const shown = (path: string): string => {
  const near = slashed(relative('.', path))
  return near.startsWith('../../..') ? slashed(path) : near
}

/** By custom a file lies in directories named after its package, and imports start above them. */
const rootOf = (path: string, text: string): string => {
  const own = dirname(path)
  const folders = packageOf(text).split('.').join(sep)
  return folders !== '' && own.endsWith(`${sep}${folders}`) ? own.slice(0, -folders.length - 1) : own
}

type Parsed = { readonly package: string; readonly imports: readonly string[] }

/** Mistakes are told by the compiler, with their places. */
const parsed = (text: string): Parsed => {
  try {
    const { package: name, imports, weakImports } = protobuf.parse(text, new protobuf.Root())
    return { package: name ?? '', imports: [...(imports ?? []), ...(weakImports ?? [])] }
  } catch {
    return { package: '', imports: [] }
  }
}

const packageOf = (text: string): string => parsed(text).package

const importsOf = (text: string): readonly string[] => parsed(text).imports
