import type { TestContext } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { Identity } from '../../src/kernel/caller.ts'
import { type Clock, systemClock } from '../../src/kernel/clock.ts'
import { asProblem, problemJson } from '../../src/kernel/problem.ts'
import type { Policy, PolicyTools } from '../../src/policies/policy.ts'
import { plansConfig, rateLimitConfig } from '../../src/policies/rate-limit/config.ts'
import { compilePlace, type PlaceLimits } from '../../src/policies/rate-limit/place.ts'
import { leaseStores } from '../../src/policies/stores.ts'
import { createResources } from '../../src/services/resources.ts'

/** An app with the policies set up, as a generation makes it; routes are the test's own. */
export const policyApp = async (
  t: TestContext,
  policies: readonly Pick<Policy, 'setup'>[],
  given: Partial<PolicyTools> & { readonly address?: string; readonly identity?: Identity } = {},
): Promise<{ readonly app: FastifyInstance; readonly tools: PolicyTools; readonly listen: () => Promise<string> }> => {
  const { address = '127.0.0.1', identity, ...some } = given
  const tools: PolicyTools = {
    clock: systemClock,
    log: pino({ level: 'silent' }),
    redis: undefined,
    providers: new Map(),
    stores: leaseStores(createResources()).stores,
    limitsShared: () => undefined,
    workers: 1,
    replicas: 1,
    audit: { granted: () => undefined, failed: () => undefined, denied: () => undefined, limited: () => undefined },
    ...some,
  }
  const app = Fastify({ forceCloseConnections: true })
  t.after(() => app.close())
  app.decorateRequest('caller')
  app.addHook('onRequest', (request, _reply, done) => {
    const claimed = request.headers['x-test-subject']
    const named = typeof claimed === 'string' ? userOf(claimed) : identity
    const from = request.headers['x-test-address']
    request.caller = { identity: named, address: typeof from === 'string' ? from : address, requestId: request.id }
    done()
  })
  app.setErrorHandler((error, _request, reply) => {
    const problem = asProblem(error)
    return reply
      .code(problem.status)
      .headers(problem.headers)
      .type('application/problem+json')
      .send(problemJson(problem))
  })
  for (const policy of policies) await policy.setup?.(app, tools)
  return { app, tools, listen: () => app.listen({ port: 0, host: '127.0.0.1' }) }
}

const userOf = (subject: string): Identity => ({
  provider: 'shoppers',
  subject,
  scopes: new Set(),
  claims: {},
  expiresAt: undefined,
})

/** The limits of a place, as a workspace that says so compiles them. */
export const placeOf = (
  own: unknown,
  more: Partial<Parameters<typeof compilePlace>[0]> & { readonly plansWritten?: unknown } = {},
): PlaceLimits => {
  const { plansWritten, ...settings } = more
  const plans = plansWritten === undefined ? undefined : plansConfig.parse(plansWritten)
  const place = compilePlace({
    own: rateLimitConfig.parse(own),
    gateway: undefined,
    plans,
    cost: 1,
    operations: false,
    ...settings,
  })
  if (place === undefined) throw new Error('Nothing limits this place.')
  return place
}

/** A clock that stands still until it is moved. */
export const stillClock = (): Clock & { advance(milliseconds: number): void } => {
  const start = Date.now()
  let passed = 0
  return {
    now: () => passed,
    date: () => start + passed,
    advance(milliseconds) {
      passed += milliseconds
    },
  }
}
