import { type Diagnostic, type Place, startOf } from '../../../kernel/diagnostic.ts'
import { buildFile } from './descriptor-build.ts'
import { decodeFileSet, type FileDescriptor } from './descriptor-schema.ts'
import { type AskedBy, finishLoading, type LoadedProtos, type Loading, startLoading, textReader } from './loading.ts'
import { bundledFile } from './sources.ts'

/** The largest descriptor set read. All of googleapis is about half of it. */
export const maxDescriptorBytes = 16_777_216

/** The most files in one. */
export const maxDescriptorFiles = 5_000

export type DescriptorSource = {
  /** What the set is called in diagnostics: `protos/catalog.binpb`. */
  readonly shown: string
  /** Where it is asked for: what is wrong with it as a whole is told there. By default the set itself. */
  readonly askedBy?: { readonly place: Place; readonly coordinate: string }
}

/**
 * Loads a FileDescriptorSet as buf and protoc write it into one root, which is the same as that of the texts it was
 * compiled from: names, features, options (extensions too) and, where it has source info, comments. Imports that it
 * leaves out come from what Portico brings. Mistakes come back as diagnostics; nothing is thrown.
 */
export const loadDescriptorSet = (bytes: Uint8Array, { shown, askedBy }: DescriptorSource): LoadedProtos => {
  const asked = askedBy ?? { place: startOf(shown), coordinate: shown }
  const refuse = (message: string): LoadedProtos => ({
    diagnostics: [{ severity: 'error', code: 'PORTICO-804', ...asked, message }],
  })
  if (bytes.length > maxDescriptorBytes) return refuse(`${shown} is larger than 16MiB, the most that is read.`)
  const files = filesIn(bytes)
  if (typeof files === 'string') return refuse(`${shown} is no descriptor set: ${files}. ${howToMake}`)
  if (files.length > maxDescriptorFiles)
    return refuse(`${shown} has ${files.length} files; ${maxDescriptorFiles} are the most that are read.`)

  const loading = startLoading()
  const later: (() => void)[] = []
  const byName = new Map<string, FileDescriptor>()
  for (const file of files) {
    // A set that was put together from several may have a file twice.
    if (byName.has(file.name)) continue
    byName.set(file.name, file)
    later.push(buildFile(file, loading, `${shown}/${file.name}`))
  }
  loadMissing(loading, { byName, shown })
  const loaded = finishLoading(loading)
  if ('root' in loaded) for (const finish of later) finish()
  return loading.diagnostics.length > 0 ? { diagnostics: loading.diagnostics } : loaded
}

const howToMake =
  'Make one by `buf build -o x.binpb`, or by `protoc --include_imports --include_source_info --descriptor_set_out=x.binpb`.'

const filesIn = (bytes: Uint8Array): readonly FileDescriptor[] | string => {
  try {
    const files = decodeFileSet(bytes)
    if (files.length === 0) return bytes.length === 0 ? 'it is empty' : 'it has no files'
    return files.every(({ name }) => isFileName(name)) ? files : 'it has a file without a proper name'
  } catch (thrown) {
    return thrown instanceof RangeError ? 'it ends too early' : 'its bytes are something else'
  }
}

const isFileName = (name: string): boolean => /^[\w./@+~ -]{1,512}$/.test(name)

type Missing = { readonly byName: ReadonlyMap<string, FileDescriptor>; readonly shown: string }

/** What files import and the set does not hold. */
const loadMissing = (loading: Loading, { byName, shown }: Missing): void => {
  const load = textReader(loading, [])
  const { diagnostics } = loading
  for (const { name, dependency, weakDependency } of byName.values()) {
    for (const [index, imported] of dependency.entries()) {
      if (byName.has(imported)) continue
      const place = startOf(`${shown}/${name}`)
      if (bundledFile(imported) !== undefined) load(imported, askedAt(place))
      else if (!weakDependency.includes(index)) diagnostics.push(missing(imported, place))
    }
  }
}

const askedAt =
  (place: Place): AskedBy =>
  () => ({ place, coordinate: place.file })

const missing = (imported: string, place: Place): Diagnostic => ({
  severity: 'error',
  code: 'PORTICO-803',
  place,
  coordinate: place.file,
  message: `It imports ${JSON.stringify(imported.slice(0, 256))}, which is neither in the set nor among the files that Portico brings. Make the set with its imports: buf does so, protoc with --include_imports.`,
})
