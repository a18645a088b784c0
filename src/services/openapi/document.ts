import { parse, parseDocument } from 'yaml'
import { placesOf } from '../../config/places.ts'
import type { Path } from '../../config/shape.ts'
import type { Place } from '../../kernel/diagnostic.ts'

export type Members = Readonly<Record<string, unknown>>

/** An OpenAPI 3.0 or 3.1 document of a service: what its operations take and answer, for bindings to be checked against. */
export type OpenApiDocument = {
  readonly file: string
  readonly root: Members
  /** Where something of it stands. Reads the document once more: for its mistakes. */
  readonly placeOf: (path: Path) => Place
}

/** A schema object with references within the file resolved. */
export type OpenApiSchema = Members

export type OpenApiParameter = {
  readonly name: string
  readonly in: string
  readonly required: boolean
  /** What it takes; undefined where that is not described. */
  readonly schema: unknown
}

export type OpenApiOperation = {
  /** As the document writes it. */
  readonly path: string
  readonly parameters: readonly OpenApiParameter[]
  /** Of a JSON body; undefined where none is described. */
  readonly body: OpenApiSchema | undefined
  /** Of the JSON answer of the first 2xx status; undefined where none is described. */
  readonly answer: OpenApiSchema | undefined
}

export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Reads a document in JSON or YAML; a sentence on what is wrong where it is none. */
export const readOpenApi = (file: string, text: string): OpenApiDocument | string => {
  const root = read(text)
  if (root === undefined) return `${file} is neither JSON nor YAML.`
  let places: ReturnType<typeof placesOf> | undefined
  const placeOf = (path: Path): Place => (places ??= placesOf(file, text, parseDocument(text))).at(path, 'value')
  return isMembers(root) && /^3\.[01]\./.test(String(root['openapi'])) && isMembers(root['paths'])
    ? { file, root, placeOf }
    : `${file} is no OpenAPI document of version 3.0 or 3.1 with \`paths\`.`
}

/** JSON by itself first: as YAML it takes twenty times as long. */
const read = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    try {
      return parse(text, { maxAliasCount: 100 }) as unknown
    } catch {
      return undefined
    }
  }
}

/** References may lead to references, and in circles. */
const mostHops = 16

/** A member as an object, through references within the file; undefined where there is none. */
export const resolved = (document: OpenApiDocument, value: unknown): Members | undefined => {
  let found = value
  for (let hops = 0; hops < mostHops; hops += 1) {
    if (!isMembers(found)) return undefined
    const ref = found['$ref']
    if (typeof ref !== 'string') return found
    found = referred(document, ref)?.value
  }
  return undefined
}

/** What a reference within the file names, and where that is; undefined where there is no such thing. */
export const referred = (
  { root }: OpenApiDocument,
  ref: string,
): { readonly value: unknown; readonly at: Path } | undefined => {
  if (!ref.startsWith('#/')) return undefined
  const at = ref
    .slice(2)
    .split('/')
    .map((part) => decoded(part).replaceAll('~1', '/').replaceAll('~0', '~'))
  const value = at.reduce<unknown>(memberOf, root)
  return value === undefined ? undefined : { value, at }
}

const memberOf = (holder: unknown, name: string): unknown => {
  if (Array.isArray(holder)) return /^\d+$/.test(name) ? (holder as unknown[])[Number(name)] : undefined
  return isMembers(holder) && Object.hasOwn(holder, name) ? holder[name] : undefined
}

/** Percent-decoded; as it is where it is malformed. */
export const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Every path with its methods in upper case. */
export const openApiPaths = (
  document: OpenApiDocument,
): readonly { readonly path: string; readonly methods: readonly string[] }[] =>
  Object.entries(document.root['paths'] as Members).map(([path, item]) => ({
    path,
    methods: Object.keys(resolved(document, item) ?? {})
      .filter((key) => /^(get|put|post|delete|patch)$/.test(key))
      .map((key) => key.toUpperCase()),
  }))

/** The path of the first server, which goes before every path; empty for none. */
export const serverPath = ({ root }: OpenApiDocument): string => {
  const [server] = Array.isArray(root['servers']) ? (root['servers'] as unknown[]) : []
  if (!isMembers(server) || typeof server['url'] !== 'string') return ''
  const { variables } = server
  const url = server['url'].replaceAll(/\{([^}]*)\}/g, (written, name: string) => {
    const variable = memberOf(variables, name)
    return isMembers(variable) && typeof variable['default'] === 'string' ? variable['default'] : written
  })
  return url.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/\/+$/, '')
}

/** The operation of a path that the document has, by its method in upper case. */
export const openApiOperation = (document: OpenApiDocument, path: string, method: string): OpenApiOperation => {
  const item = resolved(document, (document.root['paths'] as Members)[path]) ?? {}
  const operation = resolved(document, item[method.toLowerCase()]) ?? {}
  const parameters = [item['parameters'], operation['parameters']]
    .flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []))
    .map((one) => resolved(document, one) ?? {})
    .map((one) => ({
      name: String(one['name']),
      in: String(one['in']),
      required: one['required'] === true,
      schema: one['schema'],
    }))
  const responses = resolved(document, operation['responses']) ?? {}
  const success = Object.keys(responses).find((status) => status.startsWith('2'))
  return {
    path,
    parameters,
    body: jsonOf(document, resolved(document, operation['requestBody'])),
    answer: success === undefined ? undefined : jsonOf(document, resolved(document, responses[success])),
  }
}

const jsonOf = (document: OpenApiDocument, described: Members | undefined): OpenApiSchema | undefined => {
  const content = resolved(document, described?.['content']) ?? {}
  const type = Object.keys(content).find((name) => /^application\/([\w.-]+\+)?json\b/.test(name))
  const media = type === undefined ? undefined : resolved(document, content[type])
  return media && resolved(document, media['schema'])
}

/** The properties of an object schema, those of `allOf` included; undefined where it may have any. */
export const propertiesOf = (document: OpenApiDocument, schema: OpenApiSchema, depth = 0): Members | undefined => {
  if (schema['oneOf'] !== undefined || schema['anyOf'] !== undefined || depth > mostHops) return undefined
  const all = Array.isArray(schema['allOf']) ? (schema['allOf'] as unknown[]) : []
  const own = schema['properties']
  if (!isMembers(own) && all.length === 0) return undefined
  const extra = schema['additionalProperties']
  if (extra === true || isMembers(extra)) return undefined
  let found: Members = isMembers(own) ? own : {}
  for (const part of all) {
    const inner = resolved(document, part)
    const properties = inner && propertiesOf(document, inner, depth + 1)
    if (properties === undefined) return undefined
    found = { ...found, ...properties }
  }
  return found
}

/** More alternatives than a check compares. */
const mostForms = 64

/**
 * The schemas one of which a value fits, beside null: those of `oneOf` and `anyOf`, one for each of several types, and
 * what a lone `allOf` holds. Undefined where the document does not say, or says too much.
 */
export const formsOf = (document: OpenApiDocument, value: unknown, depth = 0): readonly OpenApiSchema[] | undefined => {
  const schema = resolved(document, value)
  if (schema === undefined || depth > mostHops) return undefined
  const { oneOf, anyOf, ...beside } = schema
  const either = [oneOf, anyOf].filter((list) => list !== undefined)
  if (either.length > 0) {
    // What stands beside them holds for each, and is more than is compared here.
    if (either.length > 1 || ['properties', 'allOf', 'items'].some((word) => beside[word] !== undefined))
      return undefined
    return together(document, Array.isArray(either[0]) ? (either[0] as unknown[]) : [], depth)
  }
  const all = schema['allOf']
  if (Array.isArray(all) && all.length === 1 && schema['properties'] === undefined)
    return formsOf(document, all[0], depth + 1)
  const types = [schema['type']].flat().filter((type) => type !== undefined)
  const kept = types.filter((type) => type !== 'null')
  return kept.length > 1 ? kept.map((type) => ({ ...schema, type })) : [schema]
}

const together = (
  document: OpenApiDocument,
  list: readonly unknown[],
  depth: number,
): readonly OpenApiSchema[] | undefined => {
  const forms: OpenApiSchema[] = []
  for (const one of list) {
    if (isNull(resolved(document, one))) continue
    const found = formsOf(document, one, depth + 1)
    if (found === undefined || forms.length + found.length > mostForms) return undefined
    forms.push(...found)
  }
  return forms.length === 0 ? undefined : forms
}

/** `type: null` of 3.1; 3.0 has `nullable` beside a type, and at most an `enum` of null alone. */
const isNull = (schema: OpenApiSchema | undefined): boolean =>
  schema?.['type'] === 'null' || (Array.isArray(schema?.['enum']) && schema['enum'].every((value) => value === null))

/** What an object has to have, by `required` and that of every part of `allOf`. */
export const requiredOf = (document: OpenApiDocument, schema: OpenApiSchema, depth = 0): readonly string[] => {
  const own = Array.isArray(schema['required']) ? (schema['required'] as unknown[]).map(String) : []
  const parts = Array.isArray(schema['allOf']) && depth <= mostHops ? (schema['allOf'] as unknown[]) : []
  return [
    ...own,
    ...parts.flatMap((part) => {
      const inner = resolved(document, part)
      return inner === undefined ? [] : requiredOf(document, inner, depth + 1)
    }),
  ]
}

/** The one type that a schema names beside null; undefined where it names none or several. */
export const typeOf = (schema: OpenApiSchema): string | undefined => {
  const types = [schema['type']].flat().filter((type) => type !== 'null' && type !== undefined)
  return types.length === 1 ? String(types[0]) : undefined
}
