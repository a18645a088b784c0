import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Browser, chromium } from 'playwright-core'
import { missing } from '../support/programs.ts'
import { type ShopGateway, startShopGateway } from '../support/shop.ts'

describe('GraphiQL', { skip: missing('chromium') }, () => {
  it('runs a query in a browser and asks no other host for anything', async () => {
    const page = await browser.newPage()
    const foreign: string[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith(gateway.url) && !request.url().startsWith('data:')) foreign.push(request.url())
    })
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    const query = encodeURIComponent('{ product(id: "p-1") { name } }')
    await page.goto(`${gateway.url}/web/graphiql?query=${query}`)
    await page.locator('.graphiql-query-editor .CodeMirror').click()
    await page.keyboard.press('Control+A')
    await page.keyboard.insertText('{ product(id: "p-1") { name } }')
    await page.locator('.graphiql-execute-button').click()
    await page.locator('.result-window', { hasText: 'Nordic Oak Lamp' }).waitFor({ timeout: 10_000 })
    assert.deepEqual([foreign, errors], [[], []])
  })

  it('is there in development only', async () => {
    const production = await startShopGateway()
    const reply = await production.get('/web/graphiql')
    await production.close()
    assert.equal(reply.status, 404)
  })
})

let gateway: ShopGateway
let browser: Browser
before(async () => {
  if (missing('chromium') !== false) return
  gateway = await startShopGateway({ development: true })
  const quiet = [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ]
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', ...quiet] })
})
after(async () => {
  await browser?.close()
  await gateway?.close()
})
