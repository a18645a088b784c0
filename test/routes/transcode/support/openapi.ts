import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { z } from 'zod'
import { compileWorkspace } from '../../../../src/compile/compile.ts'
import { documentedApis, openApiDocument } from '../../../../src/compile/openapi.ts'
import { formatDiagnostics } from '../../../../src/kernel/diagnostic.ts'
import { layWorkspace } from '../../../support/gateway.ts'
import { workspaceFiles } from './transcoder.ts'

/** As it is after `JSON.parse`: tests look into it by hand. */
export type Document = ReturnType<typeof JSON.parse>

export type DocumentSettings = {
  /** The body of a proto of package test.v1, as for `startTranscoder`. */
  readonly proto: string
  readonly route?: readonly string[]
  readonly workspace?: readonly string[]
}

/** The sound document of a workspace that transcodes one proto under `/api/*`. */
export const documentOf = async (settings: DocumentSettings): Promise<Document> => {
  const workspace = await layWorkspace(workspaceFiles({ handlers: {}, ...settings }, '127.0.0.1:1'))
  try {
    return await documentIn(workspace.dir)
  } finally {
    await workspace.remove()
  }
}

/** The sound document of all that a workspace serves, or of what bears a name. */
export const documentIn = async (
  dir: string,
  { env = {}, api }: { readonly env?: Readonly<Record<string, string>>; readonly api?: string } = {},
): Promise<Document> => {
  const { plan, diagnostics } = await compileWorkspace(dir, env)
  assert.ok(plan, formatDiagnostics(diagnostics))
  const apis = documentedApis(plan).filter(({ name }) => api === undefined || name === api)
  const document = openApiDocument(apis, plan)
  checkDocument(document)
  return document
}

/** Fails where a document is not OpenAPI 3.1, as far as ours use of it: form, references, ids, parameters, schemas. */
export const checkDocument = (document: Document): void => {
  const { error } = form.safeParse(document)
  assert.equal(error?.message, undefined)
  for (const ref of refsIn(document)) assert.notEqual(resolve(document, ref), undefined, `${ref} leads nowhere`)
  const operations = operationsOf(document)
  const ids = operations.map(({ operation }) => operation.operationId as string)
  assert.deepEqual(
    ids.filter((id, index) => ids.indexOf(id) !== index),
    [],
    'operationIds are unique',
  )
  const shapes = Object.keys(document.paths).map((path) => path.replaceAll(/\{[^}]*\}/g, '{}'))
  assert.equal(new Set(shapes).size, shapes.length, 'no two paths differ by names alone')
  const tags = new Set(document.tags.map(({ name }: { name: string }) => name))
  for (const { path, operation } of operations) {
    const inPath = [...path.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name)
    const declared = operation.parameters.filter((one: { in: string }) => one.in === 'path')
    assert.deepEqual(
      declared.map(({ name }: { name: string }) => name),
      inPath,
      path,
    )
    const named = operation.parameters.map((one: { in: string; name: string }) => `${one.in} ${one.name}`)
    assert.equal(new Set(named).size, named.length, `${path} has a parameter once`)
    for (const tag of operation.tags) assert.ok(tags.has(tag), tag)
    for (const requirement of operation.security ?? [])
      for (const name of Object.keys(requirement)) assert.ok(document.components.securitySchemes[name], name)
  }
  const ajv = validatorOf(document)
  for (const name of Object.keys(document.components.schemas)) ajv(`#/components/schemas/${name}`)
}

/** Makes validators for schemas of a document, by their place in it. */
export const validatorOf = (document: Document): ((pointer: string) => ValidateFunction) => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format)
  ajv.addSchema({ $id: 'document', components: document.components, paths: document.paths })
  return (pointer) => ajv.compile({ $ref: `document${pointer}` })
}

/** Strings have their digits; numbers need no more than their type. */
const formats = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/,
  int64: /^-?\d{1,19}$/,
  uint64: /^\d{1,20}$/,
  int32: true,
  uint32: true,
  float: true,
  double: true,
} as const

/** Every operation of a document, those in extensions too. */
export const operationsOf = (document: Document): readonly { path: string; method: string; operation: Document }[] =>
  Object.entries(document.paths as Record<string, Record<string, Document>>).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) =>
      method.startsWith('x-')
        ? Object.entries(operation as Record<string, Document>).map(([name, one]) => ({
            path,
            method: name,
            operation: one,
          }))
        : [{ path, method, operation }],
    ),
  )

const resolve = (document: Document, ref: string): unknown =>
  ref
    .slice(2)
    .split('/')
    .reduce((value: Document, key) => value?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], document)

const refsIn = (value: unknown): readonly string[] => {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : refsIn(inner),
  )
}

const schema = z.record(z.string(), z.unknown())
const text = z.string().min(1)
const content = z.record(z.string().regex(/\//), z.strictObject({ schema: schema.optional() }))
const operation = z.strictObject({
  operationId: z.string().regex(/^\w+$/),
  tags: z.array(text),
  summary: text.optional(),
  description: text.optional(),
  deprecated: z.literal(true).optional(),
  parameters: z.array(
    z.strictObject({
      name: text,
      in: z.enum(['path', 'query', 'header']),
      required: z.boolean(),
      description: text.optional(),
      deprecated: z.literal(true).optional(),
      schema,
    }),
  ),
  requestBody: z.strictObject({ required: z.boolean(), description: text.optional(), content }).optional(),
  responses: z.record(
    z.string().regex(/^(?:[1-5]\d\d|default)$/),
    z.union([
      z.strictObject({ $ref: text, description: text.optional() }),
      z.strictObject({
        description: text,
        headers: z.record(text, z.strictObject({ description: text, schema })).optional(),
        content: content.optional(),
      }),
    ]),
  ),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
})
const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const
const component = /^[a-zA-Z0-9._-]+$/
const form = z.strictObject({
  openapi: z.literal('3.1.1'),
  info: z.strictObject({ title: text, version: text, description: text }),
  servers: z.array(z.strictObject({ url: text })),
  tags: z.array(z.strictObject({ name: text, description: text.optional() })),
  paths: z.record(
    z.string().startsWith('/'),
    z.strictObject({
      ...Object.fromEntries(methods.map((method) => [method, operation.optional()])),
      'x-additional-operations': z.record(z.string(), operation).optional(),
    }),
  ),
  components: z.strictObject({
    schemas: z.record(z.string().regex(component), schema),
    responses: z.record(z.string().regex(component), z.strictObject({ description: text, content })),
    securitySchemes: z.record(z.string().regex(component), schema),
  }),
})
