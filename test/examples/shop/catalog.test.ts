import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { status } from '@grpc/grpc-js'
import type { Product } from '../../../examples/shop/catalog/product-store.ts'
import { startCatalog } from '../../../examples/shop/catalog/service.ts'
import { grpcClient } from './support/grpc-client.ts'

describe('the catalog service', () => {
  it('answers a batch with the products it knows, not in the order asked for', async (t) => {
    const call = await catalogFor(t)
    const { products } = await call<Page>('BatchGetProducts', { ids: ['p-1', 'p-99999', 'p-2', 'p-1'] })
    assert.deepEqual(idsOf(products), ['p-2', 'p-1'])
  })

  it('answers a batch of none with none', async (t) => {
    const call = await catalogFor(t)
    assert.deepEqual(await call('BatchGetProducts'), {})
  })

  it('refuses more than 200 ids', async (t) => {
    const call = await catalogFor(t)
    await assert.rejects(call('BatchGetProducts', { ids: Array.from({ length: 201 }, (_, index) => `p-${index}`) }), {
      code: status.INVALID_ARGUMENT,
    })
  })

  it('keeps every digit of an int64, bytes, maps and presence', async (t) => {
    const call = await catalogFor(t)
    const product = await call('GetProduct', { id: 'p-1' })
    assert.equal(product.unitsSold, '9007199254740993')
    assert.equal(product.availability, 'AVAILABILITY_IN_STOCK')
    assert.deepEqual(product.attributes, { material: 'oak', weight: '13 kg' })
    assert.deepEqual(product.thumbnail, Buffer.from('89504e470d0a1a0a', 'hex'))
    assert.equal('subtitle' in product, false)
  })

  it('answers NOT_FOUND for a product it does not know', async (t) => {
    const call = await catalogFor(t)
    await assert.rejects(call('GetProduct', { id: 'p-99999' }), {
      code: status.NOT_FOUND,
      details: 'No product p-99999.',
    })
  })

  it('pages through all it finds, each once', async (t) => {
    const call = await catalogFor(t)
    const found: Product[] = []
    let pageToken: string | undefined = ''
    do {
      const page: Page = await call('SearchProducts', { query: 'OAK lamp', pageSize: 2, pageToken })
      found.push(...page.products)
      pageToken = page.nextPageToken
    } while (pageToken)
    assert.deepEqual(idsOf(found), ['p-1', 'p-105', 'p-209', 'p-313', 'p-417'])
  })

  it('finds every product with an empty query, 100 at most in a page', async (t) => {
    const call = await catalogFor(t)
    const { products } = await call<Page>('SearchProducts', { pageSize: 1_000 })
    assert.equal(products.length, 100)
  })

  it('creates a product with an id and a time of its own', async (t) => {
    const call = await catalogFor(t)
    const product = { name: 'Paper Lamp', price: { currencyCode: 'EUR', units: '19', nanos: 900_000_000 } }
    const created = await call<Product>('CreateProduct', { product: { ...product, id: 'mine', unitsSold: '5' } })
    assert.equal(created.id, 'p-521')
    assert.equal(created.name, 'Paper Lamp')
    assert.deepEqual(created.createdAt, { seconds: '1767323045' })
    assert.deepEqual(await call('GetProduct', { id: 'p-521' }), created)
    await assert.rejects(call('CreateProduct', { product: { name: 'Free' } }), { code: status.INVALID_ARGUMENT })
  })

  it('changes what the mask names and nothing else', async (t) => {
    const call = await catalogFor(t)
    const before = await call<Product>('GetProduct', { id: 'p-2' })
    const after = await call('UpdateProduct', {
      product: { id: 'p-2', name: 'Renamed', description: 'Not in the mask', subtitle: 'New' },
      updateMask: { paths: ['name', 'subtitle', 'tags'] },
    })
    const { tags: _cleared, ...kept } = before
    assert.deepEqual(after, { ...kept, name: 'Renamed', subtitle: 'New' })
  })

  it('takes a mask that is absent for all fields that are set', async (t) => {
    const call = await catalogFor(t)
    const before = await call<Product>('GetProduct', { id: 'p-2' })
    const after = await call('UpdateProduct', { product: { id: 'p-2', name: 'Renamed' } })
    assert.deepEqual(after, { ...before, name: 'Renamed' })
  })

  it('runs one promotion at a time', async (t) => {
    const call = await catalogFor(t)
    assert.deepEqual((await call('GetProduct', { id: 'p-5' })).percentOff, { percent: 15 })
    const amountOff = { amount: { currencyCode: 'EUR', units: '5' } }
    const after = await call('UpdateProduct', {
      product: { id: 'p-5', amountOff },
      updateMask: { paths: ['amount_off'] },
    })
    assert.deepEqual(after.amountOff, amountOff)
    assert.equal('percentOff' in after, false)
  })

  it('refuses a mask with an unknown or an output-only field', async (t) => {
    const call = await catalogFor(t)
    for (const path of ['nmae', 'units_sold', 'id']) {
      await assert.rejects(call('UpdateProduct', { product: { id: 'p-2' }, updateMask: { paths: [path] } }), {
        code: status.INVALID_ARGUMENT,
        details: `update_mask: ${path} is not a field that can be changed.`,
      })
    }
  })
})

interface Page {
  readonly products: readonly Product[]
  readonly nextPageToken?: string
}

const idsOf = (products: readonly Product[]): readonly string[] => products.map(({ id }) => id)

async function catalogFor(t: TestContext) {
  const catalog = await startCatalog({ now: () => new Date('2026-01-02T03:04:05Z') })
  const client = grpcClient(catalog.address, 'shop/catalog/v1/catalog.proto', 'shop.catalog.v1.Catalog')
  t.after(async () => {
    client.close()
    await catalog.close()
  })
  return client.call
}
