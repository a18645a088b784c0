import { inRanges } from '../../kernel/address-ranges.ts'
import { Problem } from '../../kernel/problem.ts'
import { definePolicy } from '../policy.ts'
import { maintenanceConfig } from './config.ts'

/** Answers everybody but some addresses by 503 (RFC 9110 §15.6.4), before anybody is asked who he is. */
export const maintenance = definePolicy({
  name: 'maintenance',
  config: maintenanceConfig,
  hooks(settings) {
    if (settings === undefined) return {}
    const isLetIn = inRanges(settings.allow)
    const headers = { 'retry-after': String(Math.ceil(settings.retryAfter / 1_000)) }
    return {
      onRequest: [
        ({ caller }, _reply, done) => {
          if (isLetIn(caller.address)) return done()
          throw new Problem('UNAVAILABLE', 'This is being worked on. Come back later.', { headers })
        },
      ],
    }
  },
})
