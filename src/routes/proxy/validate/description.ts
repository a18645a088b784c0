import type { Path } from '../../../config/shape.ts'
import { didYouMean } from '../../../kernel/diagnostic.ts'
import {
  isMembers,
  type Members,
  type OpenApiDocument,
  resolved,
  serverPath,
} from '../../../services/openapi/document.ts'
import { isOwnOfClient } from '../../../services/rest/headers.ts'
import type { RestService } from '../../../services/service.ts'
import { type BodyPlan, readBodyPlan } from './body.ts'
import { type Check, createChecker } from './checker.ts'
import { type Parameter, type ParameterTools, readParameter } from './parameters.ts'
import { type Asked, createPaths, type Paths } from './paths.ts'
import { createSchemas, type DocumentMistake } from './schemas.ts'
import type { Texts } from './writing.ts'

/** One method of one path, ready for requests to be held against it. */
export type Operation = { readonly parameters: readonly Parameter[]; readonly body: BodyPlan | undefined }

export type Found =
  | { readonly operation: Operation; readonly path: Texts }
  /** The path is there, for other methods. */
  | { readonly allow: readonly string[] }

/** What a service says of its requests. */
export type Description = {
  /** The operation of a request as the service gets it, by its path below the service's base. */
  readonly find: (method: string, path: string) => Found | undefined
  /** Whether requests of a route may be for anything that it has; by their path below the service's base. */
  readonly isReached: (asked: Asked) => boolean
  /** A path that it has, as it is written from the root. */
  readonly example: string
  readonly mistakes: readonly DocumentMistake[]
}

type Operations = ReadonlyMap<string, Operation>

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']

/** Ten thousand routes may lead to one service: its document is read once. */
const known = new WeakMap<OpenApiDocument, Description>()

export const describe = (service: RestService, document: OpenApiDocument): Description => {
  const before = known.get(document)
  if (before !== undefined) return before
  const made = read(service, document)
  known.set(document, made)
  return made
}

const read = (service: RestService, document: OpenApiDocument): Description => {
  const mistakes: DocumentMistake[] = []
  const schemas = createSchemas(document, mistakes)
  const checker = createChecker(schemas.definitions)
  const check = (schema: unknown, at: Path): Check => checker(schemas.read(schema, at))
  const tools: ReadTools = { document, mistakes, check, hears: hearing(service) }
  const paths: Paths<Operations> = createPaths()
  const written = Object.entries(document.root['paths'] as Members).filter(([path]) => path.startsWith('/'))
  for (const [path, item] of written)
    paths.add(path, readOperations(resolved(document, item) ?? {}, ['paths', path], tools))
  schemas.finish()
  const own = below(service, document)
  const root = segmentsOf(service.basePath.endsWith(serverPath(document)) ? '' : serverPath(document))
  return {
    mistakes,
    example: serverPath(document) + (written[0]?.[0] ?? '/'),
    isReached({ segments, isOpen }) {
      const all = root.length === 0 ? segments : [...segmentsOf(service.basePath), ...segments]
      if (!isOpen && all.length < root.length) return false
      const isBelow = root.every((text, index) => (all[index] ?? text) === text)
      return isBelow && paths.isReached({ segments: all.slice(root.length), isOpen })
    },
    find(method, path) {
      const inside = own(path)
      if (inside === undefined) return undefined
      let found: Found | undefined
      const allow = new Set<string>()
      paths.search(inside, (operations, values) => {
        const operation = operations.get(method) ?? (method === 'HEAD' ? operations.get('GET') : undefined)
        for (const one of operations.keys()) allow.add(one)
        if (operation !== undefined) found = { operation, path: values }
        return found !== undefined
      })
      if (allow.has('GET')) allow.add('HEAD')
      return found ?? (allow.size > 0 ? { allow: [...allow] } : undefined)
    },
  }
}

/**
 * A path below a service's base as its document writes it: paths of a document begin where its first server does,
 * unless the service's own URL has that path already.
 */
const below = ({ basePath }: RestService, document: OpenApiDocument): ((path: string) => string | undefined) => {
  const before = serverPath(document)
  if (basePath.endsWith(before)) return (path) => path
  return (path) => {
    const full = basePath + path
    return full === before || full.startsWith(`${before}/`) ? full.slice(before.length) || '/' : undefined
  }
}

const segmentsOf = (path: string): readonly string[] => (path === '' ? [] : path.slice(1).split('/'))

type ReadTools = ParameterTools & { readonly hears: (header: string) => boolean }

/** Whether a header of a client reaches a service: what the gateway says itself is no client's to send. */
const hearing = ({ identityHeaders }: RestService): ((header: string) => boolean) => {
  const ours = new Set(Object.keys(identityHeaders ?? {}))
  return (header) => isOwnOfClient(header) && !ours.has(header)
}

const readOperations = (item: Members, at: Path, tools: ReadTools): Operations =>
  new Map(
    methods.flatMap((method) => {
      const described = resolved(tools.document, item[method])
      if (described === undefined) return []
      const shared = parametersOf(item, at, tools)
      const own = parametersOf(described, [...at, method], tools)
      const merged = new Map([...shared, ...own])
      const body = resolved(tools.document, described['requestBody'])
      return [
        [
          method.toUpperCase(),
          {
            parameters: [...merged.values()].filter((one) => one !== undefined),
            body: body && readBodyPlan(body, [...at, method, 'requestBody'], tools),
          },
        ] as const,
      ]
    }),
  )

/** By place and name: those of an operation go before those of its path. */
const parametersOf = (
  { parameters }: Members,
  at: Path,
  tools: ReadTools,
): readonly (readonly [key: string, parameter: Parameter | undefined])[] =>
  (Array.isArray(parameters) ? (parameters as unknown[]) : []).flatMap((one, index) => {
    const described = resolved(tools.document, one)
    const place = [...at, 'parameters', index]
    if (!isMembers(described)) {
      tools.mistakes.push({ at: place, message: 'There is no such parameter in this file.' })
      return []
    }
    const { in: where, name } = described
    const path = String(at[1])
    if (where === 'path' && !path.includes(`{${String(name)}}`)) {
      const names = [...path.matchAll(/\{([^{}]*)\}/g)].map(([, held = '']) => held)
      const message = `${path} has no {${String(name)}}, so that every request would lack it.`
      tools.mistakes.push({ at: place, message: message + didYouMean(String(name), names) })
      return []
    }
    if (where === 'header' && !tools.hears(String(name).toLowerCase())) return []
    return [[`${String(where)} ${String(name)}`, readParameter(described, place, tools)] as const]
  })
