import { defaults, type TargetSettings } from '../../src/services/targets/settings.ts'

/** The settings of a service that is at these origins, or `host:port`, and says no more of them. */
export const targetsAt = (...origins: readonly string[]): TargetSettings => ({
  ...defaults,
  targets: origins.map((origin) => {
    const { hostname, port } = new URL(origin.includes('://') ? origin : `tcp://${origin}`)
    return { name: hostname.replace(/^\[|\]$/g, ''), port: Number(port), weight: 1, priority: 0 }
  }),
})
