import { hasBody, mediaTypeOf } from '../../kernel/media-type.ts'
import { Problem } from '../../kernel/problem.ts'
import { definePolicy } from '../policy.ts'
import { contentTypesConfig } from './config.ts'

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
          const type = mediaTypeOf(raw)
          if (type !== undefined && (exact.has(type) || kinds.has(type.slice(0, type.indexOf('/') + 1)))) return done()
          done(new Problem('INVALID_ARGUMENT', `The body should be ${types.join(' or ')}.`, { status: 415, headers }))
        },
      ],
    }
  },
})
