import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { startOf } from '../../../src/kernel/diagnostic.ts'
import { usualJsonLimits } from '../../../src/kernel/json-request.ts'
import { compileProxy } from '../../../src/routes/proxy/compile.ts'
import { proxyRouteConfig } from '../../../src/routes/proxy/config.ts'
import type { Service } from '../../../src/services/service.ts'

describe('compileProxy', () => {
  it('takes the service’s timeout and the workspace’s body limit where the route sets none', () => {
    const route = compiled({ path: '/users/*', service: 'users' })
    assert.deepEqual(
      [route.name, route.prefix, route.below, route.timeoutMs, route.maxBodyBytes, route.methods.length],
      ['routes./users/*', '/users', true, 800, 1_000, 7],
    )
  })

  it('takes what the route sets', () => {
    const route = compiled({
      path: '/status',
      service: 'users',
      timeout: '5s',
      maxBody: '2KiB',
      methods: ['GET', 'GET'],
    })
    assert.deepEqual(
      [route.prefix, route.below, route.timeoutMs, route.maxBodyBytes, route.methods],
      ['/status', false, 5_000, 2_048, ['GET']],
    )
  })

  it('gives the wildcard of everything an empty prefix', () => {
    assert.equal(compiled({ path: '/*', service: 'users' }).prefix, '')
    assert.equal(compiled({ path: '/', service: 'users' }).prefix, '/')
  })

  it('says which service was probably meant', () => {
    assert.deepEqual(mistakes({ path: '/a', service: 'user' }), [
      'routes[0].service: No such service. Did you mean users?',
    ])
  })

  it('refuses a gRPC service', () => {
    const [mistake] = mistakes({ path: '/a', service: 'catalog' })
    assert.match(
      mistake ?? '',
      /^routes\[0\]\.service: Service catalog speaks gRPC; a proxy route needs a REST service\./,
    )
  })

  it('refuses WebSockets without GET', () => {
    const [mistake] = mistakes({ path: '/a', service: 'users', websocket: true, methods: ['POST'] })
    assert.match(mistake ?? '', /^routes\[0\]\.methods: WebSocket upgrades are GET requests\./)
  })

  it('refuses WebSockets to a service that is spoken to in HTTP/2', () => {
    const [mistake] = mistakes({ path: '/a', service: 'modern', websocket: true })
    assert.match(mistake ?? '', /^routes\[0\]\.websocket: Service modern is spoken to in HTTP\/2/)
  })
})

const services = new Map(
  [
    { name: 'users', kind: 'rest', timeoutMs: 800 },
    { name: 'modern', kind: 'rest', http2: true, timeoutMs: 800 },
    { name: 'catalog', kind: 'grpc', timeoutMs: 800 },
  ].map((service) => [service.name, service as Service]),
)

const compile = (written: Record<string, unknown>) =>
  compileProxy(z.strictObject(proxyRouteConfig).parse(written), {
    services,
    maxBodyBytes: 1_000,
    json: usualJsonLimits,
    placeOf: (setting) => ({ place: startOf('portico.yaml'), coordinate: `routes[0].${setting}` }),
  })

const compiled = (written: Record<string, unknown>) => {
  const result = compile(written)
  assert.ok('route' in result)
  return result.route
}

const mistakes = (written: Record<string, unknown>) => {
  const result = compile(written)
  assert.ok('diagnostics' in result)
  return result.diagnostics.map(({ coordinate, message }) => `${coordinate}: ${message}`)
}
