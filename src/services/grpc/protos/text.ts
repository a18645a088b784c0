import { type Place, startOf } from '../../../kernel/diagnostic.ts'
import { finishLoading, type LoadedProtos, startLoading, textReader } from './loading.ts'
import type { IncludeDir } from './sources.ts'

export type ProtoSources = {
  /** The files to load, relative to `includeDir` or one of `include`, with forward slashes. */
  readonly files: readonly string[]
  /** Where files and their imports are looked up first. */
  readonly includeDir: string
  /** What `includeDir` is called in diagnostics, such as `protos`. */
  readonly displayDir: string
  /** Where they are looked up next, in this order. */
  readonly include?: readonly IncludeDir[]
  /** Where one of `files` is asked for, to say there that it is missing; by default the missing file's own first line. */
  readonly askedBy?: (file: string) => { readonly place: Place; readonly coordinate: string }
}

/**
 * Loads proto files and what they import into one root. A file comes from the first directory that has it, and from
 * what Portico brings where none has. Field names become lowerCamel and keep their proto names; comments are kept.
 * Mistakes come back as diagnostics; nothing is thrown.
 */
export const loadProtos = ({ files, includeDir, displayDir, include = [], askedBy }: ProtoSources): LoadedProtos => {
  const loading = startLoading()
  const load = textReader(loading, [{ dir: includeDir, shown: displayDir }, ...include])
  for (const file of files) {
    load(file, () => {
      const shown = `${displayDir}/${file}`
      return askedBy?.(file) ?? { place: startOf(shown), coordinate: shown }
    })
  }
  return finishLoading(loading)
}
