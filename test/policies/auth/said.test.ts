import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { saidBy } from '../../../src/policies/auth/said.ts'

describe('what a request says', () => {
  it('of a parameter of the path is its segment, decoded once', () => {
    assert.equal(at('/t/acme/x', ['path', 'tenant']), 'acme')
    assert.equal(at('/t/a%20c/x', ['path', 'tenant']), 'a c')
    assert.equal(at('/t/%2561cme', ['path', 'tenant']), '%61cme')
    assert.equal(at('/t/acme;v=1', ['path', 'tenant']), 'acme;v=1')
    for (const path of ['/t', '/t/%ff']) assert.equal(at(path, ['path', 'tenant']), undefined, path)
    assert.equal(at('/t/acme', ['path', 'other']), undefined)
  })

  it('of a parameter of the query is its one value', () => {
    const said = (query: string, name = 'tenant') => at(`/?${query}`, ['query', name])
    assert.equal(said('tenant=acme'), 'acme')
    assert.equal(said('a=1&tenant=%61cme&b=2'), 'acme')
    assert.equal(said('tenant=%2561cme'), '%61cme')
    assert.equal(said('tenant='), '')
    assert.equal(said('tenant_id=acme', 'tenant_id'), 'acme')
    assert.equal(at('/', ['query', 'tenant']), undefined)
  })

  it('is nothing where a service could read another value than the gateway', () => {
    for (const query of [
      '',
      'other=acme',
      'TENANT=acme',
      'tenant[]=acme',
      'tenant=acme&tenant=evil',
      'tenant=acme&tenant=acme',
      'tenant=acme&tenant[]=evil',
      'tenant=acme&tenant[0]=evil',
      'tenant=acme&tenant%5B%5D=evil',
      'tenant=acme&Tenant=evil',
      'tenant=acme&%74enant=evil',
      'tenant=acme&+tenant=evil',
      'tenant=acme&tenant%00x=evil',
      'x=1;tenant=evil&tenant=acme',
      'tenant=acme;tenant=evil',
    ])
      assert.equal(at(`/?${query}`, ['query', 'tenant']), undefined, query)
    for (const query of ['tenant_id=acme&tenant.id=evil', 'tenant_id=acme&tenant+id=evil'])
      assert.equal(at(`/?${query}`, ['query', 'tenant_id']), undefined, query)
  })

  it('of its host is the name alone, or what stands before the hosts of the route', () => {
    assert.equal(at('/', ['host'], 'Acme.Shop.test.'), 'acme.shop.test')
    assert.equal(at('/', ['subdomain'], 'ACME.shop.test'), 'acme')
    assert.equal(at('/', ['subdomain'], 'acme.evil.shop.test'), 'acme.evil')
    for (const host of ['shop.test', 'acmeshop.test', 'acme.shop.test.evil.test'])
      assert.equal(at('/', ['subdomain'], host), undefined, host)
  })
})

const places = { segments: new Map([['tenant', 1]]), suffixes: ['.shop.test'] }

const at = (url: string, said: readonly string[], hostname = 'shop.test'): unknown =>
  saidBy({ url, canonicalPath: url.replace(/\?.*/, ''), hostname }, places)(said)
