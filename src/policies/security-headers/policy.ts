import type { HeaderValues } from '../../kernel/safe-headers.ts'
import { definePolicy } from '../policy.ts'
import { securityHeadersConfig } from './config.ts'

/**
 * Says by headers what browsers may do with an answer, refusals of later policies included. What a service or a page
 * of the gateway says itself counts more.
 */
export const securityHeaders = definePolicy<typeof securityHeadersConfig, HeaderValues>({
  name: 'securityHeaders',
  config: securityHeadersConfig,
  hooks: (headers) => ({
    onRequest: [
      (_request, reply, done) => {
        reply.headers(headers)
        done()
      },
    ],
  }),
})
