import type { Places } from '../config/places.ts'
import type { Diagnostic } from '../kernel/diagnostic.ts'
import type { WorkspaceConfig } from './config.ts'

/** Headers in which proxies are believed, where no proxy is: each is dropped, and every client has the proxy's address. */
export const unheardProxies = (
  { trustedHeaders, trustedProxies }: WorkspaceConfig,
  places: Places,
): readonly Diagnostic[] =>
  trustedHeaders === 'x-forwarded' || trustedProxies.length > 0
    ? []
    : [
        {
          severity: 'warning',
          code: 'PORTICO-037',
          place: places.at(['trustedHeaders'], 'value'),
          coordinate: 'trustedHeaders',
          message:
            '`Forwarded` is believed from nobody, for there are no `trustedProxies`: name the ranges of your proxies.',
        },
      ]
