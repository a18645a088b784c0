import type { FastifyInstance } from 'fastify'
import { keyId } from './key.ts'

/**
 * Takes keys out of the queries of all requests before anything else reads them: what stands in an address is logged,
 * passed on and bound to parameters by everybody. The provider finds them in `sentUrl`.
 */
export const takeFromQueries = (app: FastifyInstance, name: string): void => {
  app.addHook('onRequest', (request, _reply, done) => {
    const { raw } = request
    const url = withoutKeys(raw.url ?? '', name)
    if (url !== undefined) {
      request.sentUrl ??= raw.url
      raw.url = url
      const mark = url.indexOf('?')
      const left = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)).getAll(name)
      const query = request.query as Record<string, string | string[]>
      delete query[name]
      if (left.length > 0) query[name] = left.length === 1 ? (left[0] as string) : left
    }
    done()
  })
}

/** No shorter text has a key. */
const shortest = 68

/** A URL without the parameters of that name that are keys, all other bytes as they were; undefined where there are none. */
export const withoutKeys = (url: string, name: string): string | undefined => {
  const mark = url.indexOf('?')
  if (mark < 0 || url.length - mark < shortest) return undefined
  const all = url.slice(mark + 1).split('&')
  const kept = all.filter((one) => one.length < shortest || !isKeyOf(name, one))
  if (kept.length === all.length) return undefined
  return kept.length === 0 ? url.slice(0, mark) : `${url.slice(0, mark)}?${kept.join('&')}`
}

/** However name and value are spelt. */
const isKeyOf = (name: string, parameter: string): boolean => {
  const [given] = new URLSearchParams(parameter)
  return given?.[0] === name && keyId(given[1]) !== undefined
}
