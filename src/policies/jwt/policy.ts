import type { FastifyInstance, onRequestHookHandler } from 'fastify'
import type { Identity } from '../../kernel/caller.ts'
import { definePolicy } from '../policy.ts'
import { authConfig } from './config.ts'
import { invalidToken, missingToken, registerProvider, type Verifier } from './verify.ts'

/** Verifies who calls (RFC 6750, RFC 7519) and puts the identity on `request.caller`. */
export const auth = definePolicy({
  name: 'auth',
  config: authConfig,
  async setup(app, tools) {
    app.decorate('verifiers', new Map<string, Verifier>())
    for (const provider of tools.providers.values()) {
      app.verifiers.set(provider.name, await registerProvider(app, provider, tools))
    }
  },
  hooks(settings, { app }) {
    const { provider, optional } = typeof settings === 'string' ? { provider: settings, optional: false } : settings
    return { onRequest: [authenticate(verifierOf(app, provider), optional)] }
  },
})

const verifierOf = (app: FastifyInstance, provider: string): Verifier => {
  const verifier = app.verifiers.get(provider)
  if (verifier === undefined) throw new Error(`There is no auth provider ${provider}.`)
  return verifier
}

/** With callbacks, so that a token verified before costs no promise. */
const authenticate =
  (verify: Verifier, optional: boolean): onRequestHookHandler =>
  (request, _reply, done) => {
    const authorization = request.headers.authorization
    if (authorization === undefined) return done(optional ? undefined : missingToken())
    if (occursTwice(request.raw.rawHeaders)) return done(invalidToken('There are two Authorization headers.'))
    const accept = (identity: Identity): void => {
      request.caller = { ...request.caller, identity }
      done()
    }
    const identity = verify(authorization)
    if (identity instanceof Promise) identity.then(accept, done)
    else accept(identity)
  }

/** Node keeps the first of two Authorization headers and says nothing; a service behind us may read the other. */
const occursTwice = (rawHeaders: readonly string[]): boolean => {
  let seen = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name?.length === 13 && name.toLowerCase() === 'authorization') seen += 1
  }
  return seen > 1
}
