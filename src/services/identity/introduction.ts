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
  /** Before all others: nothing is asked before there is something to show. */
  readonly guards: readonly Guard[]
  release(): Promise<void>
}

export const introduce = (
  { name, identityHeaders: names, clientCredentials }: Service,
  resources: Resources,
  tools: GuardTools,
): Introduction => {
  if (clientCredentials !== undefined) {
    const lease = acquireToken(clientCredentials, resources, tools)
    const token = lease.value
    return {
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
    headers: names && identityHeaders(names),
    reserved: names && new Set(Object.keys(names)),
    guards: [],
    release: async () => {},
  }
}
