import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { compileMatch, type RouteMatch } from '../../../src/routes/match/match.ts'
import { createRouter } from '../../../src/routes/match/router.ts'

describe('the router of routes', () => {
  it('finds the same route whatever the order in which they are written', () => {
    const parts = fc.constantFrom('a', 'b', '{x}')
    const path = fc
      .tuple(fc.array(parts, { maxLength: 3 }), fc.boolean())
      .map(([segments, below]) => numbered(`/${[...segments, ...(below ? ['*'] : [])].join('/')}`))
    const route = fc.record({
      path,
      host: fc.constantFrom('', 'a.example', '*.example', '*.b.example'),
      x: fc.boolean(),
    })
    const asked = fc.record({
      path: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }).map((segments) => `/${segments.join('/')}`),
      host: fc.constantFrom('a.example', 'b.example', 'c.b.example', 'other'),
      x: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(route, {
          minLength: 1,
          maxLength: 12,
          selector: ({ path: at, ...rest }) => JSON.stringify([shape(at), rest]),
        }),
        asked,
        fc.infiniteStream(fc.nat()),
        (routes, request, random) => {
          const matches = routes.map(({ path: at, host, x }) =>
            compileMatch({
              path: at,
              ...(host !== '' && { hosts: [host] }),
              ...(x && { match: { header: { x: ['1'] }, query: {}, cookie: {}, body: {} } }),
            }),
          )
          const shuffled = matches
            .map((match) => ({ match, at: random.next().value as number }))
            .sort((a, b) => a.at - b.at)
            .map(({ match }) => match)
          assert.equal(found(matches, request), found(shuffled, request))
        },
      ),
    )
  })

  it('finds one of ten thousand hosts as it finds one of two', () => {
    const matches = Array.from({ length: 10_000 }, (_, i) => compileMatch({ path: '/*', hosts: [`h${i}.example`] }))
    assert.equal(found(matches, { path: '/a/b', host: 'h7777.example', x: false }), 'h7777.example/*')
    assert.equal(found(matches, { path: '/a/b', host: 'h77777.example', x: false }), undefined)
  })

  it('lets no path of a client reach the address by which the app knows a route', () => {
    const router = createRouter([compileMatch({ path: '/a' })], tools)
    assert.match(router.addressOf(compileMatch({ path: '/a' })), /^\/\|/)
  })
})

type Asked = { readonly path: string; readonly host: string; readonly x: boolean }

const tools = { addressOf: () => '', hostOf: ({ headers }: IncomingMessage) => headers.host ?? '' }

const found = (matches: readonly RouteMatch[], { path, host, x }: Asked): string | undefined =>
  createRouter(matches, tools).find({
    url: path,
    method: 'GET',
    headers: { host, ...(x && { x: '1' }) },
  } as unknown as IncomingMessage)?.name

const numbered = (path: string): string => {
  let count = 0
  return path.replaceAll('{x}', () => `{x${(count += 1)}}`)
}

const shape = (path: string): string => path.replaceAll(/\{\w+\}/g, '{}')
