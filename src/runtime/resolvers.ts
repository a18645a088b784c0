import { readFileSync, realpathSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Plan } from '../compile/plan.ts'
import type { Resolver, Resolvers } from '../graph/execute/resolver.ts'
import { didYouMean } from '../kernel/diagnostic.ts'

/**
 * The functions of a BFF's resolver module. Where it or a module it imports by a relative path has changed, all of
 * these are read anew; else they are those there were, for Node forgets no module and each reading costs its memory.
 * Rejects where the module does not load, or lacks a function that the schema names.
 */
export const loadResolvers = async ({
  name,
  resolvers: file,
  graph,
}: Plan['bffs'][number]['served']): Promise<ReadonlyMap<string, Resolver>> => {
  if (file === undefined) return new Map()
  const { resolvers: given } = (await importAnew(file)) as { readonly resolvers?: Resolvers }
  if (typeof given !== 'object' || given === null)
    throw new Error(`${file} exports no \`resolvers\`: export const resolvers = defineResolvers({ … }).`)
  return new Map([...graph.resolvers].map((fn) => [fn, functionOf(given, { fn, file, bff: name })]))
}

const functionOf = (
  given: Resolvers,
  { fn, file, bff }: { readonly fn: string; readonly file: string; readonly bff: string },
): Resolver => {
  const resolver = Object.hasOwn(given, fn) ? given[fn] : undefined
  if (resolver === undefined)
    throw new Error(
      `${file} has no function ${fn}, which the schema of the BFF ${bff} names by @resolver.${didYouMean(fn, Object.keys(given))}`,
    )
  if (typeof resolver === 'function') return { resolve: resolver }
  const both = resolver as Readonly<Record<string, unknown>>
  if ((typeof both['resolve'] === 'function') !== (typeof both['resolveMany'] === 'function')) return resolver
  throw new Error(`${fn} in ${file} is a function, or an object with one of \`resolve\` and \`resolveMany\`.`)
}

const mark = 'portico-load'
let loads = 0
let hooked = false

type Loaded = {
  readonly module: unknown
  /** What it was made of: the text of each file, by its URL without the mark. A module loaded late comes later. */
  readonly texts: ReadonlyMap<string, string>
}
const loaded = new Map<string, Loaded>()
/** Of every mark, the files that bear it. */
const textsOf = new Map<string, Map<string, string>>()

/** The files that a plan's resolvers are made of, with what they import by relative paths. */
export const resolverFiles = ({ bffs }: Pick<Plan, 'bffs'>): readonly string[] =>
  bffs
    .flatMap(({ served: { resolvers } }) => [...(loaded.get(resolvers ?? '')?.texts.keys() ?? [])])
    .map((url) => fileURLToPath(url))

const loading = new Map<string, Promise<unknown>>()

/** BFFs that name the same module get the same one, though they ask for it together. */
const importAnew = (file: string): Promise<unknown> => {
  let module = loading.get(file)
  if (module === undefined) {
    module = importOnce(file).finally(() => loading.delete(file))
    loading.set(file, module)
  }
  return module
}

const importOnce = async (file: string): Promise<unknown> => {
  const known = loaded.get(file)
  if (known !== undefined && isAsItWas(file, known)) return known.module
  if (!hooked) markImports()
  hooked = true
  loads += 1
  const texts = new Map<string, string>()
  textsOf.set(String(loads), texts)
  const before = textOf(pathToFileURL(file).href)
  const module: unknown = await import(`${pathToFileURL(file).href}?${mark}=${loads}`)
  texts.set(pathToFileURL(realpathSync(file)).href, before)
  if (known !== undefined) forget(known)
  loaded.set(file, { module, texts })
  return module
}

const forget = ({ texts }: Loaded): void => {
  for (const [load, known] of textsOf) if (known === texts) textsOf.delete(load)
}

/** Whether its files are where they were, a link's too, and say what they said. */
const isAsItWas = (file: string, { texts }: Loaded): boolean =>
  texts.has(pathToFileURL(realpathSync(file)).href) && [...texts].every(([url, text]) => textOf(url) === text)

const textOf = (url: string): string => {
  try {
    return readFileSync(new URL(url), 'utf8')
  } catch {
    return ''
  }
}

/** The gateway's own modules: a second `Problem` would not be an instance of the first. */
const ours = new URL('..', import.meta.url).href

/** What `portico` means to a workspace: the running gateway, wherever that is installed. */
const portico = new URL(`../index${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url).href

/** Modules that a marked one imports by a relative path bear its mark, and so are other modules than those before. */
const markImports = (): void => {
  registerHooks({
    resolve(specifier, context, next) {
      const marked = new RegExp(`[?&]${mark}=(\\d+)`).exec(context.parentURL ?? '')
      if (marked !== null && specifier === 'portico') return { url: portico, shortCircuit: true }
      const resolved = next(specifier, context)
      const own = specifier.startsWith('.') && resolved.url.startsWith('file:') && !resolved.url.startsWith(ours)
      if (marked === null || !own) return resolved
      const [, load = ''] = marked
      textsOf.get(load)?.set(resolved.url, textOf(resolved.url))
      return { ...resolved, url: `${resolved.url}?${mark}=${load}` }
    },
  })
}
