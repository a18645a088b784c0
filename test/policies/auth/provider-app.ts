import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { z } from 'zod'
import { authConfig } from '../../../src/policies/auth/config.ts'
import { compileProvider, type Provider, providerConfig } from '../../../src/policies/auth/kinds.ts'
import { auth } from '../../../src/policies/auth/policy.ts'
import type { PolicyTools } from '../../../src/policies/policy.ts'
import { policyApp } from '../policy-app.ts'

/** Entries of `auth:`, compiled as `portico.yaml` has them. Fails where one is wrong. */
export const compiledProviders = async (
  entries: Readonly<Record<string, z.input<typeof providerConfig>>>,
  workspaceDir = '/nowhere',
): Promise<ReadonlyMap<string, Provider>> => {
  const place = { file: 'portico.yaml', line: 1, column: 1, text: '' }
  const providers = new Map<string, Provider>()
  for (const [name, entry] of Object.entries(entries)) {
    const context = {
      workspaceDir,
      placeOf: () => place,
      shared: true,
      clientCertificates: false,
      trustedProxies: [],
    }
    const { provider, diagnostics } = await compileProvider(name, providerConfig.parse(entry), context)
    assert.deepEqual(diagnostics, [])
    assert.ok(provider)
    providers.set(name, provider)
  }
  return providers
}

/** What became of a request: its status, who it was, and why it was refused. */
export type Outcome = {
  readonly status: number
  readonly challenge: string | null
  readonly retryAfter: string | null
  readonly body: {
    readonly detail?: string
    readonly subject?: string
    readonly provider?: string
    readonly plan?: string
    readonly scopes?: readonly string[]
    readonly roles?: readonly string[]
    readonly groups?: readonly string[]
    readonly keyId?: string
    readonly claims?: Readonly<Record<string, unknown>>
  }
  /** What the audit log has of it; undefined where nobody was refused. */
  readonly reason: string | undefined
}

/** An app whose one address is guarded by a rule, and says who came. */
export const guardedApp = async (
  t: TestContext,
  { providers, rule }: { readonly providers: ReadonlyMap<string, Provider>; readonly rule: unknown },
  given: Partial<PolicyTools> = {},
) => {
  const reasons: string[] = []
  const { app, tools, listen } = await policyApp(t, [auth], {
    providers,
    audit: {
      granted: () => undefined,
      failed: ({ reason }) => reasons.push(reason),
      denied: () => undefined,
      limited: () => undefined,
    },
    ...given,
  })
  const scope = { name: 'bffs.web' }
  app.get('/', auth.hooks(authConfig.parse(rule), { app, tools, scope }), ({ caller: { identity } }) =>
    identity === undefined
      ? {}
      : {
          ...identity,
          scopes: [...identity.scopes],
          roles: identity.roles && [...identity.roles],
          groups: identity.groups && [...identity.groups],
        },
  )
  const base = await listen()
  const get = async (headers: Readonly<Record<string, string>> = {}, query = ''): Promise<Outcome> => {
    reasons.length = 0
    const response = await fetch(`${base}/${query}`, { headers })
    return {
      status: response.status,
      challenge: response.headers.get('www-authenticate'),
      retryAfter: response.headers.get('retry-after'),
      body: (await response.json()) as Outcome['body'],
      reason: reasons[0],
    }
  }
  return { app, get }
}
