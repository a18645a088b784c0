import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Plan } from '../compile/plan.ts'
import { authorityOf } from '../kernel/authority.ts'
import { asProblem, Problem } from '../kernel/problem.ts'
import type { Gateway } from '../runtime/gateway.ts'
import { openSidePort, type SidePort } from '../runtime/listener.ts'
import { writeProblem } from '../runtime/problem-reply.ts'
import { type Documents, documentsOf } from './documents.ts'
import { docsPage, indexPage, pageFile, pagePolicy } from './pages.ts'
import { answerReload } from './reload.ts'
import { swaggerUiFile } from './swagger-ui.ts'

type HostPort = Gateway['listen']

/** What the port shows, as it is now, and may do. */
export type Administered = Pick<Gateway, 'plan' | 'listen' | 'reload'> & {
  readonly services: () => ReturnType<Gateway['services']> | Promise<ReturnType<Gateway['services']>>
}

/**
 * Opens the port for those who run the gateway: `/docs` shows the OpenAPI documents of `/openapi.json` and
 * `/openapi/<name>.json`, `/services` what is known of services now, and `POST /reload` reloads. It has no login, and
 * so answers this machine alone: no other origin's page gets at it, not by CORS and not by a name of its own that
 * resolves to loopback.
 */
export const openAdminPort = (address: HostPort, gateway: Administered): Promise<SidePort> => {
  const documents = new WeakMap<Plan, Documents>()
  const current = (): Documents => {
    const plan = gateway.plan()
    const known = documents.get(plan)
    if (known !== undefined) return known
    const made = documentsOf(plan, originOf(gateway.listen))
    documents.set(plan, made)
    return made
  }
  const server = createServer((request, response) => {
    answer(request, response, { current, gateway }).catch((thrown: unknown) =>
      writeProblem(response, asProblem(thrown)),
    )
  })
  return openSidePort(server, address)
}

/** Names of this machine itself. A page elsewhere that makes its own name resolve to it (DNS rebinding) sends that name. */
const ownHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

type Shown = { readonly current: () => Documents; readonly gateway: Administered }

const answer = async (request: IncomingMessage, response: ServerResponse, shown: Shown): Promise<void> => {
  const { headers, method, url = '/' } = request
  const path = url.split('?', 1)[0] ?? '/'
  if (!ownHost.test(headers.host ?? ''))
    throw new Problem('PERMISSION_DENIED', 'This port answers to localhost alone.', { status: 421 })
  if (path === '/reload') return answerReload(request, response, shown.gateway.reload)
  if (method !== 'GET' && method !== 'HEAD')
    throw new Problem('INVALID_ARGUMENT', 'This port answers GET, HEAD.', {
      status: 405,
      headers: { allow: 'GET, HEAD' },
    })
  const found = await contentAt(path, shown)
  if (found === undefined) throw new Problem('NOT_FOUND', 'There is nothing at this address.')
  response.writeHead(200, {
    'content-type': found.type,
    'content-length': Buffer.byteLength(found.body),
    'cache-control': found.lasting === true ? 'max-age=3600' : 'no-store',
    'content-security-policy': pagePolicy,
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
  response.end(method === 'HEAD' ? undefined : found.body)
}

type Content = { readonly type: string; readonly body: string | Buffer; readonly lasting?: true }

const html = 'text/html; charset=utf-8'
const json = 'application/json; charset=utf-8'

const contentAt = async (path: string, { current, gateway }: Shown): Promise<Content | undefined> => {
  if (path === '/services')
    return { type: json, body: `${JSON.stringify({ services: await gateway.services() }, null, 2)}\n` }
  const { apis, text } = current()
  if (path === '/') return { type: html, body: indexPage(apis) }
  if (path === '/docs') return { type: html, body: docsPage('All APIs', '/openapi.json') }
  if (path === '/openapi.json') return documentOf(text())
  const [, folder, name = ''] = /^\/(docs|openapi)\/([A-Za-z0-9._-]+)$/.exec(path) ?? []
  if (folder === 'openapi') return name.endsWith('.json') ? documentOf(text(name.slice(0, -5))) : undefined
  if (folder === 'docs') return (await fileAt(name)) ?? pageOf(apis.find((api) => api.name === name))
  return undefined
}

const documentOf = (body: string | undefined): Content | undefined =>
  body === undefined ? undefined : { type: json, body }

const fileAt = async (name: string): Promise<Content | undefined> => {
  const file = pageFile(name)
  if (file === undefined) return undefined
  const { type } = file
  if ('text' in file) return { type, body: file.text }
  const path = swaggerUiFile(file.packaged)
  return path === undefined ? undefined : { type, body: await readFile(path), lasting: true }
}

const pageOf = (api: Documents['apis'][number] | undefined): Content | undefined =>
  api === undefined ? undefined : { type: html, body: docsPage(api.route, `/openapi/${api.name}.json`) }

/** Where someone on this machine reaches a port that may listen on every address. */
const originOf = ({ host, port }: HostPort): string => {
  const near = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return `http://${authorityOf(near, port)}`
}
