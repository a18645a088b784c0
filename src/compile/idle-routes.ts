import { routes } from '../catalog.ts'
import type { Places } from '../config/places.ts'
import type { Diagnostic } from '../kernel/diagnostic.ts'
import type { Service } from '../services/service.ts'
import type { WorkspaceConfig } from './config.ts'

type RouteConfig = WorkspaceConfig['routes'][number]

/** A gRPC call asks for `/pkg.Service/Method`. */
const callPath = /^(?:\/[^/]+){2}$|\/\*$/

/** What a route says that no request can fit, or that leads nowhere: habits of other gateways, mostly. */
export const idleRoutes = (
  settings: RouteConfig,
  {
    index,
    services,
    places,
  }: { readonly index: number; readonly services: ReadonlyMap<string, Service>; readonly places: Places },
): readonly Diagnostic[] => {
  const { path, match } = settings
  const mistake = (setting: string, message: string): Diagnostic => ({
    severity: 'error',
    code: 'PORTICO-015',
    place: places.at(['routes', index, setting], 'value'),
    coordinate: `routes[${index}].${setting}`,
    message,
  })
  if ('redirect' in settings && settings.redirect.to === path && match === undefined)
    return [
      mistake('redirect', 'It leads to itself: clients would be sent round and round. Say where else, or a host.'),
    ]
  const service = 'service' in settings ? services.get(settings.service) : undefined
  if (service?.kind !== 'grpc') return []
  const doubt = callPath.test(path) ? routes.grpc.unknownCall(path, service) : undefined
  return [
    ...(doubt === undefined
      ? []
      : [{ ...mistake('path', doubt), severity: 'warning', code: 'PORTICO-614' } satisfies Diagnostic]),
    ...(callPath.test(path)
      ? []
      : [mistake('path', 'A gRPC call asks for /pkg.Service/Method: write that, or /pkg.Service/* for all methods.')]),
    ...(Object.keys(match?.body ?? {}).length === 0 && match?.operation === undefined
      ? []
      : [
          mistake('match', 'What gRPC calls bring is no JSON: a condition on it fits none. Take the path or a header.'),
        ]),
  ]
}
