import { globSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import protobuf, { type Root } from 'protobufjs'
import { didYouMean } from '../../../kernel/diagnostic.ts'
import { entryAt, readText } from '../../../kernel/snapshot.ts'

/** A directory in which files are looked up by the name they are imported under. */
export type IncludeDir = {
  readonly dir: string
  /** What it is called in diagnostics, such as `protos`. */
  readonly shown: string
}

export type FoundFile = { readonly text: string; readonly path: string; readonly shown: string }

type BundledJson = NonNullable<Parameters<Root['addJSON']>[0]>

/** A file by the name it is imported under, from the first directory that has it. Nothing outside of them is read. */
export const findFile = (name: string, dirs: readonly IncludeDir[]): FoundFile | undefined => {
  if (name.startsWith('..') || name.startsWith('/')) return undefined
  for (const { dir, shown } of dirs) {
    const path = join(dir, name)
    const text = read(path)
    if (text !== undefined) return { text, path, shown: `${shown}/${name}` }
  }
  return undefined
}

const own = { dir: join(import.meta.dirname, 'bundled'), shown: 'bundled' }
const brought = { dir: dirname(createRequire(import.meta.url).resolve('protobufjs/package.json')), shown: 'bundled' }

/** Of a file that Portico brings its text, or its definitions parsed: of google/protobuf, api, rpc and type, and grpc. */
export const bundledFile = (name: string): FoundFile | BundledJson | undefined => {
  if (!/^(?:google|grpc)\/[\w/]+\.proto$/.test(name)) return undefined
  const parsed = Object.hasOwn(protobuf.common, name) ? protobuf.common.get(name) : null
  return parsed?.nested ?? findFile(name, [own, brought])
}

const read = (path: string): string | undefined => {
  try {
    return entryAt(path)?.kind === 'file' ? readText(path) : undefined
  } catch {
    return undefined // not ours to read: as good as missing
  }
}

/** That a file is missing, where it was looked for, and what may be meant. */
export const noSuchFile = (file: string, dirs: readonly IncludeDir[]): string => {
  const names = dirs.flatMap(({ dir }) =>
    globSync('**/*.proto', { cwd: dir }).map((path) => path.replaceAll('\\', '/')),
  )
  const places = dirs.map(({ shown }) => `${shown}/`)
  const last = places.pop() ?? ''
  const under = places.length === 0 ? last : `${places.join(', ')} or ${last}`
  const ours = /^(?:google|grpc)\//.test(file) ? ', nor among those that Portico brings' : ''
  return `No such file under ${under}${ours}.${didYouMean(file, names)}`
}
