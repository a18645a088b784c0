import type { IncomingMessage } from 'node:http'
import { Problem } from '../../kernel/problem.ts'
import { definePolicy } from '../policy.ts'
import { contentTypesConfig } from './config.ts'
import { mediaType } from './media-type.ts'

/**
 * Takes bodies of some media types alone, whatever reads them later; all others get 415 (RFC 9110 §15.5.16) before a
 * byte of them is read. A body that says no type, or one that can be read in several ways, is of none of them.
 */
export const contentTypes = definePolicy({
  name: 'contentTypes',
  config: contentTypesConfig,
  hooks(types) {
    const exact = new Set(types)
    const kinds = new Set(types.flatMap((type) => (type.endsWith('/*') ? [type.slice(0, -1)] : [])))
    const headers = { accept: types.join(', ') }
    return {
      onRequest: [
        ({ raw }, _reply, done) => {
          if (!hasBody(raw)) return done()
          const type = onlyType(raw)
          if (type !== undefined && (exact.has(type) || kinds.has(type.slice(0, type.indexOf('/') + 1)))) return done()
          done(new Problem('INVALID_ARGUMENT', `The body should be ${types.join(' or ')}.`, { status: 415, headers }))
        },
      ],
    }
  },
})

/** What comes by HTTP/2 without a length has been given a coding by the listener. */
const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Of several lines Node tells the first, and a service may take the last. */
const onlyType = ({ headers, rawHeaders }: IncomingMessage): string | undefined => {
  let lines = 0
  for (let at = 0; at < rawHeaders.length; at += 2)
    if ((rawHeaders[at] as string).toLowerCase() === 'content-type') lines += 1
  return lines === 1 ? mediaType(headers['content-type'] ?? '') : undefined
}
