import type { Place } from '../../kernel/diagnostic.ts'
import type { JsonLimits } from '../../kernel/json-mistake.ts'
import type { Service } from '../../services/service.ts'
import type { ProxyRouteConfig } from './config.ts'

/** What a route is compiled among. */
export type ProxySurroundings = {
  readonly services: ReadonlyMap<string, Service>
  /** `limits.body`, for routes that set none. */
  readonly maxBodyBytes: number
  /** `limits.json`. */
  readonly json: JsonLimits
  /** Where a setting of this route stands, and how it is named: `routes[0].service`. */
  readonly placeOf: (setting: keyof ProxyRouteConfig) => { readonly place: Place; readonly coordinate: string }
}
