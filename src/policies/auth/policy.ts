import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Identity } from '../../kernel/caller.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import { mergeHooks } from '../hooks.ts'
import { definePolicy, type PolicyTools } from '../policy.ts'
import { type Authenticator, type Bearer, Refused } from './authenticator.ts'
import { type Authenticate, combine } from './combine.ts'
import { type AuthRule, authConfig } from './config.ts'
import { openProvider } from './kinds.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What knows the callers of each auth provider, by its name. */
    authenticators: Map<string, Authenticator>
  }
}

/** Says who calls and puts the identity on `request.caller`, or refuses. */
export const auth = definePolicy({
  name: 'auth',
  config: authConfig,
  async setup(app, tools) {
    app.decorate('authenticators', new Map<string, Authenticator>())
    for (const provider of tools.providers.values())
      app.authenticators.set(provider.name, await openProvider(provider, { ...tools, app }))
  },
  hooks(rule, { app, tools, scope }) {
    const authenticators = authenticatorsOf(app, rule)
    const own = authenticators.flatMap(({ hooks }) => hooks ?? [])
    if (authenticators.length === 0) return {}
    const onRequest = [
      authenticate(combine(rule, authenticators), {
        audit: tools.audit,
        scope: scope.name,
        provider: rule.providers.join(','),
      }),
    ]
    return mergeHooks([...own, { onRequest }])
  },
})

const authenticatorsOf = (app: FastifyInstance, { providers }: AuthRule): readonly Authenticator[] =>
  providers.map((name) => {
    const authenticator = app.authenticators.get(name)
    if (authenticator === undefined) throw new Error(`There is no auth provider ${name}.`)
    return authenticator
  })

type Told = { readonly audit: PolicyTools['audit']; readonly scope: string; readonly provider: string }

/** With callbacks, so that a caller known from before costs no promise. */
const authenticate = (find: Authenticate, { audit, scope, provider }: Told): onRequestHookHandler => {
  const refuse = (request: FastifyRequest, thrown: unknown): Problem => {
    const problem = asProblem(thrown)
    const { address, requestId } = request.caller
    audit.failed({ scope, provider, address, requestId, reason: reasonOf(problem) })
    return problem
  }
  const accept = (request: FastifyRequest, identity: Identity): void => {
    request.caller = { ...request.caller, identity }
    audit.granted(scope, identity.provider)
  }
  return (request, _reply, done) => {
    let found: ReturnType<Authenticate>
    try {
      found = find(request)
    } catch (thrown) {
      return done(refuse(request, thrown))
    }
    if (found instanceof Promise) {
      const enter = (identity: Identity): void => {
        accept(request, identity)
        done()
      }
      const leave = (thrown: unknown): void => done(refuse(request, thrown))
      found.then(enter, leave)
      return
    }
    if (found !== undefined) accept(request, found)
    done()
  }
}

const reasonOf = (problem: Problem): string => {
  if (problem.cause instanceof Refused) return problem.cause.reason
  return problem.code === 'UNAUTHENTICATED' ? 'missing' : 'unavailable'
}

/** Who shows a credential in the first message of a WebSocket, by its members as headers; undefined for nobody. */
export type Handshake = (
  headers: Readonly<Record<string, string>>,
  upgrade: Pick<Bearer, 'protocol' | 'raw'>,
) => Promise<Identity | undefined>

/** The same rule as `auth` of the route, for credentials that come once the WebSocket is open. Rejects with Problem. */
export const handshake = (app: FastifyInstance, rule: AuthRule): Handshake => {
  const find = combine({ ...rule, optional: true }, authenticatorsOf(app, rule))
  return async (headers, { protocol, raw: { socket } }) =>
    find({ headers, url: '', protocol, raw: { rawHeaders: [], socket } })
}
