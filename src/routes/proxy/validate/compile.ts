import type { Diagnostic } from '../../../kernel/diagnostic.ts'
import { parseRoutePath } from '../../path.ts'
import type { ProxyRouteConfig } from '../config.ts'
import type { ProxyRoute, Validation } from '../route.ts'
import type { ProxySurroundings } from '../surroundings.ts'
import { describe } from './description.ts'
import type { Asked } from './paths.ts'

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
  if (validate === undefined || validate === false) return { validation: undefined }
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
  if (!description.isReached(askedBy(route)))
    return mistaken(
      `${document.file} describes nothing that this route leads to: its paths are such as ${description.example}. Correct its first server, the path of \`rest\`, or the route.`,
    )
  return { validation: { description, unknown: validate.unknown, json } }
}

/** The paths that a service is asked for, below its base. */
const askedBy = ({ rewrite, path, below }: ProxyRoute): Asked =>
  rewrite === undefined
    ? {
        segments: parseRoutePath(path).segments.flatMap((one) =>
          one.kind === 'many' ? [] : [one.kind === 'literal' ? one.text : undefined],
        ),
        isOpen: below,
      }
    : {
        segments: rewrite.segments.map((one) => (typeof one === 'string' ? one : undefined)),
        isOpen: rewrite.restFrom !== undefined,
      }
