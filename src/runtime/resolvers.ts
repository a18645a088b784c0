import { readFileSync, realpathSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Plan } from '../compile/plan.ts'
import type { Resolver, Resolvers } from '../graph/execute/resolver.ts'
import { didYouMean } from '../kernel/diagnostic.ts'

/**
 * The functions of a BFF's resolver module. Where it or a module it imports by a relative path has changed, all of
 * these are read anew; else they are those there were, for Node forgets no module and each reading costs its memory.
 * Those of `modules` are what they were there, whatever their files say. Rejects where the module does not load, or
 * lacks a function that the schema names.
 */
export const loadResolvers = async (
  { name, resolvers: file, graph }: Plan['bffs'][number]['served'],
  modules: ModuleTexts = new Map(),
): Promise<ReadonlyMap<string, Resolver>> => {
  if (file === undefined) return new Map()
  const { resolvers: given } = (await importAnew(file, modules.get(file))) as { readonly resolvers?: Resolvers }
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
let count = 0
let hooked = false

/** What a module was made of when it was loaded. */
type Made = {
  /** Its own, without the mark. */
  readonly url: string
  /** The text of each file, by its URL without the mark. A module loaded late comes later. */
  readonly texts: ReadonlyMap<string, string>
}

/** Resolver modules as they were loaded, by their file. */
export type ModuleTexts = ReadonlyMap<string, Made>

const loaded = new Map<string, Made & { readonly module: unknown }>()
/** Of every mark, the files that bear it, and those that are given and not to be read. */
const loads = new Map<string, { readonly texts: Map<string, string>; readonly given: Made['texts'] | undefined }>()

/** The files that a plan's resolvers are made of, with what they import by relative paths. */
export const resolverFiles = ({ bffs }: Pick<Plan, 'bffs'>): readonly string[] =>
  bffs
    .flatMap(({ served: { resolvers } }) => [...(loaded.get(resolvers ?? '')?.texts.keys() ?? [])])
    .map((url) => fileURLToPath(url))

/** What a plan's resolver modules are made of, for a process that is to have the same. */
export const resolverModules = ({ bffs }: Pick<Plan, 'bffs'>): ModuleTexts =>
  new Map(
    bffs.flatMap(({ served: { resolvers = '' } }) => {
      const made = loaded.get(resolvers)
      return made === undefined ? [] : [[resolvers, { url: made.url, texts: made.texts }]]
    }),
  )

const loading = new Map<string, Promise<unknown>>()

/** BFFs that name the same module get the same one, though they ask for it together. */
const importAnew = (file: string, given: Made | undefined): Promise<unknown> => {
  let module = loading.get(file)
  if (module === undefined) {
    module = importOnce(file, given).finally(() => loading.delete(file))
    loading.set(file, module)
  }
  return module
}

const importOnce = async (file: string, given: Made | undefined): Promise<unknown> => {
  const known = loaded.get(file)
  if (known !== undefined && (given === undefined ? isAsItWas(file, known) : isSame(known, given))) return known.module
  if (!hooked) markImports()
  hooked = true
  count += 1
  const texts = new Map<string, string>()
  loads.set(String(count), { texts, given: given?.texts })
  const url = given?.url ?? pathToFileURL(realpathSync(file)).href
  const before = given?.texts.get(url) ?? textOf(url)
  const module: unknown = await import(`${given?.url ?? pathToFileURL(file).href}?${mark}=${count}`)
  texts.set(url, before)
  if (known !== undefined) forget(known)
  loaded.set(file, { module, url, texts })
  return module
}

const forget = ({ texts }: Made): void => {
  for (const [load, known] of loads) if (known.texts === texts) loads.delete(load)
}

/** Whether its files are where they were, a link's too, and say what they said. */
const isAsItWas = (file: string, { url, texts }: Made): boolean =>
  url === pathToFileURL(realpathSync(file)).href && [...texts].every(([each, text]) => textOf(each) === text)

const isSame = (one: Made, other: Made): boolean =>
  one.url === other.url &&
  one.texts.size === other.texts.size &&
  [...one.texts].every(([url, text]) => other.texts.get(url) === text)

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

/**
 * Modules that a marked one imports by a relative path bear its mark, and so are other modules than those before. What
 * is given of them is not looked for: it may not be there any more.
 */
const markImports = (): void => {
  registerHooks({
    resolve(specifier, context, next) {
      const asked = URL.canParse(specifier, context.parentURL) ? new URL(specifier, context.parentURL).href : specifier
      const load = loadOf(asked) ?? loadOf(context.parentURL)
      if (load === undefined) return next(specifier, context)
      const parentIsMarked = loadOf(context.parentURL) !== undefined
      if (parentIsMarked && specifier === 'portico') return { url: portico, shortCircuit: true }
      const bare = withoutMark(asked)
      const text = loads.get(load)?.given?.get(bare)
      if (text !== undefined) {
        loads.get(load)?.texts.set(bare, text)
        return { url: `${bare}?${mark}=${load}`, shortCircuit: true }
      }
      const resolved = next(specifier, context)
      const own = specifier.startsWith('.') && resolved.url.startsWith('file:') && !resolved.url.startsWith(ours)
      if (!parentIsMarked || !own) return resolved
      loads.get(load)?.texts.set(resolved.url, textOf(resolved.url))
      return { ...resolved, url: `${resolved.url}?${mark}=${load}` }
    },
    load(url, context, next) {
      const text = loads.get(loadOf(url) ?? '')?.given?.get(withoutMark(url))
      const format = formats.get(extname(withoutMark(url)))
      if (text === undefined || format === undefined) return next(url, context)
      return { format, source: text, shortCircuit: true }
    },
  })
}

/** Of modules that are given: what exports `resolvers` is an ES module, and so is what it imports. */
const formats = new Map([
  ['.ts', 'module-typescript'],
  ['.mts', 'module-typescript'],
  ['.js', 'module'],
  ['.mjs', 'module'],
  ['.json', 'json'],
])

const markForm = new RegExp(`[?&]${mark}=(\\d+)`)

const loadOf = (url: string | undefined): string | undefined => markForm.exec(url ?? '')?.[1]

const withoutMark = (url: string): string => url.replace(markForm, '')
