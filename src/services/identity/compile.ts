import type { Service } from '../service.ts'
import type { IdentityConfig } from './config.ts'
import { usualHeaders } from './headers.ts'

/** `identity` of a service, as the plan has it. */
export const compileIdentity = (
  config: IdentityConfig,
): Pick<Service, 'identity' | 'identityHeaders' | 'clientCredentials'> => {
  if (config === 'headers') return { identity: 'headers', identityHeaders: usualHeaders }
  if (typeof config === 'string') return { identity: config }
  if ('headers' in config)
    return {
      identity: 'headers',
      identityHeaders: Object.fromEntries(
        Object.entries(config.headers).map(([name, source]) => [name.toLowerCase(), source]),
      ),
    }
  const { tokenUrl, scope, audience, ...client } = config.service
  return { identity: 'service', clientCredentials: { ...client, tokenUrl: tokenUrl.href, scope, audience } }
}
