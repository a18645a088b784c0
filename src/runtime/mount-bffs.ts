import type { FastifyInstance } from 'fastify'
import { bffs, providers } from '../catalog.ts'
import type { Plan } from '../compile/plan.ts'
import type { AppTools, HooksOf } from './app-tools.ts'
import { chargingUses } from './charging.ts'

/** Serves the plan's BFFs: their graph, and each of their endpoints under its own policies. */
export const mountBffs = (app: FastifyInstance, plan: Plan, tools: AppTools & { readonly hooksOf: HooksOf }): void => {
  const { policyTools, development, hooksOf } = tools
  for (const { served, policies: uses, own: ofEndpoints } of plan.bffs) {
    const runtime = tools.bffRuntimes.get(served.name)
    if (runtime === undefined) throw new Error(`The BFF ${served.name} has no runtime.`)
    const rule = uses.find(({ name }) => name === 'auth')?.settings as
      | Parameters<typeof providers.handshake>[1]
      | undefined
    const scope = `bffs.${served.name}`
    const hooks = hooksOf(uses, scope)
    bffs.mount(app, served, {
      runtime,
      hooks,
      hooksFor(endpoint) {
        const narrower = ofEndpoints.get(endpoint.file) ?? uses
        const charging = chargingUses(served, endpoint, narrower)
        if (charging === undefined && narrower === uses) return { hooks, charged: false }
        return { hooks: hooksOf(charging ?? narrower, scope), charged: charging !== undefined }
      },
      development,
      budgetMs: plan.budgetMs,
      verify: rule === undefined ? undefined : providers.handshake(app, rule, { audit: policyTools.audit, scope }),
      shared: policyTools.redis,
      stop: tools.draining,
    })
  }
}
