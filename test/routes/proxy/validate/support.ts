import type { TestContext } from 'node:test'
import { stringify } from 'yaml'
import { compileWorkspace } from '../../../../src/compile/compile.ts'
import { layWorkspace, startGateway } from '../../../support/gateway.ts'
import { startService } from '../support/gateway.ts'

/** What a service got of a request. */
export type Seen = { readonly line: string; readonly body: string }

export type Asked = {
  readonly status: number
  readonly headers: Headers
  readonly body: {
    readonly detail?: string
    readonly errors?: readonly { readonly in: string; readonly path: string; readonly message: string }[]
  }
}

/** What is wrong with a request, each as `query /limit should be an integer`. */
export const told = ({ body: { errors = [] } }: Asked): readonly string[] =>
  errors.map(({ in: place, path, message }) => `${place} ${path} ${message}`)

/** A workspace with a route that validates by a document. */
export const workspaceOf = (
  document: object | string,
  {
    route = 'path: /*, validate: true',
    base = '',
    url = 'http://127.0.0.1:1',
    more = '',
  }: { route?: string; base?: string; url?: string; more?: string } = {},
) => ({
  'portico.yaml': `listen: 127.0.0.1:0
${more}
services:
  shop: { rest: "${url}${base}", identity: none, openapi: shop.yaml }
routes:
  - { service: shop, ${route} }
`,
  'shop.yaml': typeof document === 'string' ? document : stringify(document, { aliasDuplicateObjects: false }),
})

/** A gateway before a service that takes everything, and what came to it. */
export const shopBehind = async (
  t: TestContext,
  document: object,
  settings: { route?: string; base?: string; more?: string } = {},
) => {
  const seen: Seen[] = []
  const { origin } = await startService(t, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      seen.push({ line: `${request.method} ${request.url}`, body: Buffer.concat(chunks).toString('latin1') })
      response.end('{}')
    })
  })
  const { dir, remove } = await layWorkspace(workspaceOf(document, { ...settings, url: origin }))
  const gateway = await startGateway(dir)
  t.after(async () => {
    await gateway.close()
    await remove()
  })
  const ask = async (
    line: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string | Uint8Array<ArrayBuffer> } = {},
  ): Promise<Asked> => {
    const [method = '', path = ''] = line.split(' ')
    const answer = await fetch(gateway.url + path, {
      method,
      headers: { ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body === undefined ? {} : { body }),
    })
    return {
      status: answer.status,
      headers: answer.headers,
      body: JSON.parse((await answer.text()) || '{}') as Asked['body'],
    }
  }
  return { ask, seen, url: gateway.url, port: Number(new URL(gateway.url).port) }
}

/** What `check` says of a document, as `shop.yaml:7:5 …`. */
export const checked = async (
  document: object | string,
  settings: Parameters<typeof workspaceOf>[1] = {},
): Promise<readonly string[]> => {
  const { dir, remove } = await layWorkspace(workspaceOf(document, settings))
  const { diagnostics } = await compileWorkspace(dir, {})
  await remove()
  return diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ place, message }) => `${place.file}:${place.line}:${place.column} ${message}`)
}

/** A document of 3.0 or 3.1 with one path. */
export const documentOf = (paths: object, { openapi = '3.1.0', ...more }: Readonly<Record<string, unknown>> = {}) => ({
  openapi,
  info: { title: 'Shop', version: '1' },
  ...more,
  paths,
})

/** A document whose POST /things takes one schema. */
export const taking = (schema: object, more: Readonly<Record<string, unknown>> = {}) =>
  documentOf(
    { '/things': { post: { requestBody: { required: true, content: { 'application/json': { schema } } } } } },
    more,
  )
