import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import { Denied, neededBy, refusal } from '../../kernel/access.ts'
import type { Identity } from '../../kernel/caller.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import { mergeHooks } from '../hooks.ts'
import { definePolicy, type PolicyTools } from '../policy.ts'
import { type Authenticator, type Bearer, Refused } from './authenticator.ts'
import { type Authenticate, combine } from './combine.ts'
import { type AuthRule, authConfig } from './config.ts'
import { openProvider } from './kinds.ts'
import { noPlaces, type Requested, saidBy } from './said.ts'

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
    const told = toldOf(rule, { authenticators, audit: tools.audit, scope: scope.name })
    const onRequest = [authenticate(combine(rule, authenticators), told)]
    return mergeHooks([...own, { onRequest }])
  },
})

const authenticatorsOf = (app: FastifyInstance, { providers }: AuthRule): readonly Authenticator[] =>
  providers.map((name) => {
    const authenticator = app.authenticators.get(name)
    if (authenticator === undefined) throw new Error(`There is no auth provider ${name}.`)
    return authenticator
  })

/** Why a known caller may not do what a request asks; undefined where it may. */
type May = (request: Requested, identity: Identity) => Problem | undefined

/**
 * RFC 6750 §3 wants a challenge wherever a token does not open something. It is the same whatever the rule asks, and
 * names no scope: which rule it was is the audit log's to know.
 */
const permission = (
  { require, places = noPlaces, providers }: AuthRule,
  authenticators: readonly Authenticator[],
): May | undefined => {
  if (require === undefined) return undefined
  const challenges = new Map(providers.map((name, at) => [name, authenticators[at]?.challenge]))
  return (request, identity) => {
    const problem = refusal(require, identity, saidBy(request, places))
    const challenge = problem === undefined ? undefined : challenges.get(identity.provider)
    if (problem === undefined || challenge?.startsWith('Bearer ') !== true) return problem
    return new Problem(problem.code, problem.message, {
      headers: { 'www-authenticate': `${challenge}, error="insufficient_scope"` },
      cause: problem.cause,
    })
  }
}

type Told = {
  readonly audit: PolicyTools['audit']
  readonly scope: string
  readonly provider: string
  readonly may: May | undefined
  /** The stored operation whose rule it is. */
  readonly coordinate: string | undefined
  /** What `may` asks for. */
  readonly needed: Readonly<Record<string, unknown>> | undefined
}

const toldOf = (
  rule: AuthRule,
  { authenticators, ...where }: Pick<Told, 'audit' | 'scope'> & { readonly authenticators: readonly Authenticator[] },
): Told => ({
  ...where,
  provider: rule.providers.join(','),
  may: permission(rule, authenticators),
  needed: rule.require && neededBy(rule.require),
  coordinate: rule.operation,
})

type Asking = Requested & Pick<FastifyRequest, 'caller'>

/** What is decided over who asks, each decision told once: who is denied was not let in. */
const decider = ({ audit, scope, provider, may, needed, coordinate }: Told) => {
  const told = { ...(needed && { needed }), ...(coordinate !== undefined && { coordinate }) }
  return {
    refuse({ caller: { address, requestId } }: Asking, thrown: unknown, untold?: string): Problem {
      const problem = asProblem(thrown)
      const reason = reasonOf(problem)
      if (reason !== untold) audit.failed({ scope, provider, address, requestId, reason })
      return problem
    },
    accept(request: Asking, identity: Identity): Problem | undefined {
      const problem = may?.(request, identity)
      if (problem === undefined) {
        audit.granted(scope, identity.provider)
        return undefined
      }
      const { address, requestId } = request.caller
      const reason = problem.cause instanceof Denied ? problem.cause.reason : 'rule'
      const { provider: by, subject } = identity
      audit.denied({ scope, provider: by, subject, address, requestId, reason, ...told })
      return problem
    },
  }
}

/** With callbacks, so that a caller known from before costs no promise. */
const authenticate = (find: Authenticate, told: Told): onRequestHookHandler => {
  const decide = decider(told)
  const refuse = (request: FastifyRequest, thrown: unknown): Problem =>
    decide.refuse(request, thrown, request.provesLater ? 'missing' : undefined)
  const accept = (request: FastifyRequest, identity: Identity): Problem | undefined => {
    request.caller = { ...request.caller, identity }
    return decide.accept(request, identity)
  }
  return (request, _reply, done) => {
    let found: ReturnType<Authenticate>
    try {
      found = find(request)
    } catch (thrown) {
      return done(refuse(request, thrown))
    }
    if (found instanceof Promise) {
      const enter = (identity: Identity): void => done(accept(request, identity))
      const leave = (thrown: unknown): void => done(refuse(request, thrown))
      found.then(enter, leave)
      return
    }
    done(found === undefined ? undefined : accept(request, found))
  }
}

const reasonOf = (problem: Problem): string => {
  if (problem.cause instanceof Refused) return problem.cause.reason
  return problem.code === 'UNAUTHENTICATED' ? 'missing' : 'unavailable'
}

/**
 * Who shows a credential in the first message of a WebSocket, by its members as headers; undefined for nobody, where
 * none is `needed`.
 */
export type Handshake = (
  headers: Readonly<Record<string, string>>,
  upgrade: Pick<Bearer, 'protocol' | 'raw'> & Asking,
  needed: boolean,
) => Promise<Identity | undefined>

/** The same rule as `auth` of the route, for credentials that come once the WebSocket is open. Rejects with Problem. */
export const handshake = (app: FastifyInstance, rule: AuthRule, where: Pick<Told, 'audit' | 'scope'>): Handshake => {
  const authenticators = authenticatorsOf(app, rule)
  const find = combine({ ...rule, optional: true }, authenticators)
  const decide = decider(toldOf(rule, { ...where, authenticators }))
  return async (headers, upgrade, needed) => {
    const { protocol, raw } = upgrade
    let identity: Identity | undefined
    try {
      identity = await find({ headers, url: '', protocol, raw: { rawHeaders: [], socket: raw.socket } })
      if (identity === undefined && needed) throw new Problem('UNAUTHENTICATED', 'A credential is needed.')
    } catch (thrown) {
      throw decide.refuse(upgrade, thrown)
    }
    const problem = identity && decide.accept(upgrade, identity)
    if (problem !== undefined) throw problem
    return identity
  }
}
