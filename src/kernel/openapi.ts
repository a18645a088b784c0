import type { AccessRule } from './access.ts'

/** A JSON Schema of the 2020-12 dialect, which OpenAPI 3.1 uses as it is. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** What a feature says of its own addresses; the document that names them all is put together elsewhere. */
export type ApiDescription = {
  readonly operations: readonly ApiOperation[]
  /** By name, for `$ref`s made by `schemaRef`. Names hold letters, digits, `.`, `_` and `-`. */
  readonly schemas: Readonly<Record<string, JsonSchema>>
  readonly tags: readonly ApiTag[]
}

export type ApiTag = { readonly name: string; readonly description?: string | undefined }

/** One method of one address (OpenAPI 3.1 §4.8.10). */
export type ApiOperation = {
  /** Upper case. */
  readonly method: string
  /** In OpenAPI's form, from the gateway's root: `/api/v1/products/{id}`. */
  readonly path: string
  /** Who answers, as the author of its definition knows it: `GET /v1/{name=shelves/*} of library.v1.Library/GetShelf`. */
  readonly origin: string
  /** Made unique where several ask for one. */
  readonly id: string
  readonly tag: string
  readonly summary?: string | undefined
  readonly description?: string | undefined
  readonly deprecated: boolean
  /** Those of the path in the order in which it has them. */
  readonly parameters: readonly ApiParameter[]
  readonly body?: ApiBody | undefined
  readonly answer: ApiAnswer
  /** What callers have to be for there to be an answer, beside what policies ask of them. */
  readonly access?: readonly AccessRule[]
  /** Statuses of problems that its way of asking can bring, such as 400 and 415. Policies add their own. */
  readonly refusals: readonly number[]
}

export type ApiParameter = {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly description?: string | undefined
  readonly deprecated?: true | undefined
  readonly schema: JsonSchema
}

/** By media type; `{}` for bytes that have no schema. */
export type ApiContent = Readonly<Record<string, { readonly schema?: JsonSchema }>>

export type ApiBody = {
  readonly required: boolean
  readonly description?: string | undefined
  readonly content: ApiContent
}

/** What a request that succeeds gets. */
export type ApiAnswer = {
  readonly description: string
  /** 200 when absent. */
  readonly status?: number | undefined
  readonly headers?: Readonly<Record<string, ApiHeader>> | undefined
  readonly content: ApiContent
  /** What a conditional request gets whose client holds the answer already; undefined where no request is conditional. */
  readonly unchanged?: string | undefined
}

export type ApiHeader = { readonly description: string; readonly schema: JsonSchema }

const schemaPrefix = '#/components/schemas/'

export const schemaRef = (name: string): JsonSchema => ({ $ref: schemaPrefix + name })

/** A schema with other names in its references. */
export const renameRefs = <T>(schema: T, names: ReadonlyMap<string, string>): T => {
  if (names.size === 0 || typeof schema !== 'object' || schema === null) return schema
  if (Array.isArray(schema)) return schema.map((item: unknown) => renameRefs(item, names)) as T
  const renamed = Object.entries(schema).map(([key, value]): [string, unknown] => {
    const name = key === '$ref' && typeof value === 'string' ? names.get(value.slice(schemaPrefix.length)) : undefined
    return [key, name === undefined ? renameRefs(value as unknown, names) : schemaPrefix + name]
  })
  return Object.fromEntries(renamed) as T
}
