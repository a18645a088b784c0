import type { Guard } from '../call.ts'
import type { GuardTools } from '../guard-tools.ts'
import type { Resources } from '../resources.ts'
import type { Service } from '../service.ts'
import { type IdentityHeaders, identityHeaders } from './headers.ts'
import { acquireToken, noToken, withToken } from './token.ts'

/** How the gateway introduces callers, or itself, to one service. */
export type Introduction = {
  /** Lines that calls get beside all else; undefined where there never are any. Throws Problem where the gateway has no token. */
  readonly headers: IdentityHeaders | undefined
  /** Names in lower case that clients cannot say to this service. */
  readonly reserved: ReadonlySet<string> | undefined
  /** Those, and names of callers' credentials: of requests that are passed on, it gets none of them from clients. */
  readonly withheld: ReadonlySet<string> | undefined
  /** Before all others: nothing is asked before there is something to show. */
  readonly guards: readonly Guard[]
  release(): Promise<void>
}

export const introduce = (
  { name, identity, identityHeaders: names, credentialHeaders = [], clientCredentials }: Service,
  resources: Resources,
  tools: GuardTools,
): Introduction => {
  const secrets = identity === 'forward' ? [] : credentialHeaders
  const withheld = new Set([...secrets, ...Object.keys(names ?? {})])
  const common = { withheld: withheld.size === 0 ? undefined : withheld }
  if (clientCredentials !== undefined) {
    const lease = acquireToken(clientCredentials, resources, tools)
    const token = lease.value
    return {
      ...common,
      headers: () => {
        if (token.authorization === undefined) throw noToken(name)
        return ['authorization', token.authorization]
      },
      reserved: undefined,
      guards: [withToken(name, token)],
      release: () => lease.release(),
    }
  }
  return {
    ...common,
    headers: names && identityHeaders(names),
    reserved: names && new Set(Object.keys(names)),
    guards: [],
    release: async () => {},
  }
}
