import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import { missing } from '../support/programs.ts'
import { startAdministered } from './support.ts'

describe('the page of API documents', { skip: missing('chromium') }, () => {
  it('shows the operations and messages in a browser, asks no other host for anything and makes no error', async (t) => {
    const { adminUrl } = await startAdministered(t)
    const { page, foreign, errors } = await open(adminUrl)
    await page.goto(`${adminUrl}/docs/api`)
    const operation = page.locator('.opblock', { hasText: 'Finds one book' })
    await operation.waitFor({ timeout: 15_000 })
    assert.match(await operation.innerText(), /GET\s+\/v1\/shelves\/\{shelvesId\}\/books\/\{booksId\}\s+Finds one book/)
    await operation.locator('button').first().click()
    const body = operation.locator('.opblock-body')
    await body.waitFor({ timeout: 15_000 })
    assert.match(await body.innerText(), /A part of name, which is shelves\/\*\/books\/\*/)
    assert.equal(await page.locator('.try-out').count(), 0)
    assert.match(await page.locator('section.models').innerText(), /test\.v1\.Book/)
    assert.deepEqual([foreign, errors], [[], []])
  })

  it('runs nothing that a comment says, and asks for nothing that it names', async (t) => {
    const hostile = '<script>window.hacked = 1</script><img src="https://evil.example/x" onerror="window.hacked = 2">'
    const { adminUrl } = await startAdministered(t, {
      'protos/test.proto': `syntax = "proto3";\npackage test.v1;\n// ${hostile} Keeps.\nservice Library {\n  // Finds.\n  //\n  // ${hostile}\n  rpc Find(Ask) returns (Ask);\n}\nmessage Ask {}\n`,
    })
    const { page } = await open(adminUrl)
    const reached: string[] = []
    page.on('requestfinished', (request) => reached.push(new URL(request.url()).hostname))
    await page.goto(`${adminUrl}/docs/api`)
    const operation = page.locator('.opblock', { hasText: 'Finds' }).first()
    await operation.locator('button').first().click()
    await operation.locator('.opblock-body').waitFor({ timeout: 15_000 })
    assert.equal(await page.evaluate('window.hacked'), undefined)
    assert.deepEqual([...new Set(reached)], ['127.0.0.1'])
  })

  it('leads from the index to all APIs in one', async (t) => {
    const { adminUrl } = await startAdministered(t)
    const { page, foreign, errors } = await open(adminUrl)
    await page.goto(adminUrl)
    await page.getByText('All APIs').click()
    await page.getByText('/more/v1/books').first().waitFor({ timeout: 15_000 })
    assert.deepEqual([foreign, errors], [[], []])
  })
})

type Watched = { readonly page: Page; readonly foreign: readonly string[]; readonly errors: readonly string[] }

const open = async (own: string): Promise<Watched> => {
  const page = await browser.newPage()
  const foreign: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(own) && !request.url().startsWith('data:')) foreign.push(request.url())
  })
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
  })
  return { page, foreign, errors }
}

let browser: Browser
before(async () => {
  if (missing('chromium') !== false) return
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
})
