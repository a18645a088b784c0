import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { Plan } from '../compile/plan.ts'
import type { Resolver, Resolvers } from '../graph/execute/resolver.ts'
import { didYouMean } from '../kernel/diagnostic.ts'

/**
 * The functions of a BFF's resolver module, read anew with the modules it imports by relative paths: a reload sees
 * a change in any of them. Node forgets no module, so each reload costs the memory of these. Rejects where the
 * module does not load, or lacks a function that the schema names.
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

const importAnew = (file: string): Promise<unknown> => {
  if (!hooked) markImports()
  hooked = true
  loads += 1
  return import(`${pathToFileURL(file).href}?${mark}=${loads}`)
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
      return { ...resolved, url: `${resolved.url}?${mark}=${marked[1]}` }
    },
  })
}
