import type { Diagnostic } from '../../../kernel/diagnostic.ts'
import { type OpenApiDocument, serverPath } from '../../../services/openapi/document.ts'
import { parseRoutePath } from '../../path.ts'
import type { ProxyRoute, ProxyRouteConfig, ProxySurroundings } from '../compile.ts'
import { describe } from './description.ts'
import type { Validation } from './inspect.ts'
import { partsOf, type Segment, segmentsOf } from './paths.ts'

/** As many mistakes of one document as are told. */
const mostTold = 20

type CompiledValidate =
  | { readonly validation: Validation | undefined }
  /** Of the route. */
  | { readonly mistake: string }
  /** Of the document. */
  | { readonly diagnostics: readonly Diagnostic[] }

/** What `validate` of a route comes to, or what is wrong with it or with the document. */
export const compileValidate = (
  { validate, pathMode }: Pick<ProxyRouteConfig, 'validate' | 'pathMode'>,
  route: ProxyRoute,
  { json }: Pick<ProxySurroundings, 'json'>,
): CompiledValidate => {
  if (validate === undefined) return { validation: undefined }
  const { service, websocket } = route
  const mistaken = (mistake: string) => ({ mistake })
  if (websocket !== undefined)
    return mistaken('What WebSockets carry is in no OpenAPI document. Remove `websocket`, or `validate`.')
  if (pathMode === 'raw')
    return mistaken('Raw paths have no one reading to be looked up. Remove `pathMode`, or `validate`.')
  const document = service.openapi
  if (document === undefined)
    return mistaken(`Service ${service.name} says nothing of its requests. Name its OpenAPI document by \`openapi\`.`)
  const description = describe(service, document)
  if (description.mistakes.length > 0)
    return {
      diagnostics: description.mistakes.slice(0, mostTold).map(({ at, message }) => ({
        severity: 'error',
        code: 'PORTICO-908',
        place: document.placeOf(at),
        coordinate: `services.${service.name}.openapi`,
        message,
      })),
    }
  const written = description.paths.map((path) => serverPath(document) + path)
  if (!written.some((path) => reaches(route, document, path)))
    return mistaken(
      `${document.file} describes nothing that this route leads to: its paths are such as ${written[0] ?? 'none'}. Correct its first server, the path of \`rest\`, or the route.`,
    )
  return { validation: { description, unknown: validate.unknown, json } }
}

/** Whether a request of a route may be for a path of the document, as both are written from the root. */
const reaches = (
  { service, rewrite, path, below }: ProxyRoute,
  document: OpenApiDocument,
  described: string,
): boolean => {
  const base = service.basePath.endsWith(serverPath(document))
    ? service.basePath.slice(0, service.basePath.length - serverPath(document).length)
    : ''
  const asked = [
    ...literals(service.basePath),
    ...(rewrite === undefined
      ? parseRoutePath(path).segments.flatMap((one) =>
          one.kind === 'many' ? [] : [one.kind === 'literal' ? one.text : undefined],
        )
      : rewrite.segments.map((one) => (typeof one === 'string' ? one : undefined))),
  ]
  const isOpen = rewrite === undefined ? below : rewrite.restFrom !== undefined
  const known = described === '/' ? [] : segmentsOf(base + described)
  if (isOpen ? known.length < asked.length : known.length !== asked.length) return false
  return asked.every((text, index) => text === undefined || fits(known[index] as Segment, text))
}

const literals = (path: string): readonly string[] => (path === '' ? [] : path.slice(1).split('/'))

const fits = ({ texts, names }: Segment, text: string): boolean =>
  names.length === 0 ? texts[0] === text : partsOf(text, texts) !== undefined
