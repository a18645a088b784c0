import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, describe, it, type TestContext } from 'node:test'
import { type Browser, chromium } from 'playwright-core'
import { WebSocketServer } from 'ws'
import { layWorkspace, startGateway } from '../../../support/gateway.ts'
import { missing } from '../../../support/programs.ts'
import { listen } from '../support/gateway.ts'

describe('a page in a browser, behind a proxy route', { skip: missing('chromium') }, () => {
  it('talks by WebSocket and hears server-sent events as they come, and is told when the gateway goes', async (t) => {
    const { url, close } = await served(t)
    const page = await browser.newPage()
    await page.goto(`${url}/site/`)
    assert.equal(await page.evaluate(talk, '/site/socket'), 'hello, you')
    assert.deepEqual(await page.evaluate(hear, '/site/events'), ['one', 'two'])
    const left = page.evaluate(untilClosed, '/site/socket')
    await page.waitForFunction('globalThis.opened === true')
    await Promise.all([left.then((code) => assert.equal(code, 1001)), close()])
  })

  it('of another origin gets no WebSocket, but where the route names it', async (t) => {
    const foreign = await served(t)
    const { url } = await served(t, new URL(foreign.url).origin)
    const [page, stranger] = [await browser.newPage(), await browser.newPage()]
    await page.goto(`${foreign.url}/site/`)
    await stranger.goto(`${(await served(t)).url}/site/`)
    const address = `${url}/site/socket`.replace('http', 'ws')
    assert.equal(await page.evaluate(talk, address), 'hello, you')
    assert.equal(await stranger.evaluate(talk, address), 'refused')
  })
})

/** Runs in the page. */
const talk = (address: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = new WebSocket(address)
    socket.addEventListener('open', () => socket.send('you'))
    socket.addEventListener('message', ({ data }) => resolve(String(data)))
    socket.addEventListener('error', () => resolve('refused'))
  })

const untilClosed = (address: string): Promise<number> =>
  new Promise((resolve) => {
    const socket = new WebSocket(address)
    socket.addEventListener('open', () => Object.assign(globalThis, { opened: true }))
    socket.addEventListener('close', ({ code }) => resolve(code))
  })

const hear = (address: string): Promise<readonly string[]> =>
  new Promise((resolve) => {
    const heard: string[] = []
    const source = new EventSource(address)
    source.addEventListener('message', ({ data }) => {
      heard.push(String(data))
      // The service says the second only when it hears that the first came through.
      if (heard.length === 1) void fetch(`${address}/next`)
      else {
        source.close()
        resolve(heard)
      }
    })
  })

let browser: Browser
before(async () => {
  if (missing('chromium') !== false) return
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
})
after(async () => {
  await browser?.close()
})

/** A site with a page, a socket and events, behind a gateway that lets pages of `origin` open sockets, too. */
const served = async (t: TestContext, origin?: string) => {
  let next = (): void => undefined
  const service = createServer((request, response) => {
    if (request.url === '/site/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
      next = () => response.end('data: two\n\n')
    } else if (request.url === '/site/events/next') {
      next()
      response.writeHead(204).end()
    } else response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Site</title>')
  })
  const sockets = new WebSocketServer({ server: service })
  sockets.on('connection', (socket) =>
    socket.on('message', (data) => socket.send(`hello, ${(data as Buffer).toString()}`)),
  )
  const site = await listen(service)
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services:
  site: { rest: "${site}", identity: none }
routes:
  - path: /site/*
    service: site
    websocket: true
${origin === undefined ? '' : `    cors: { origins: ["${origin}"] }\n`}`,
  })
  const { url, close } = await startGateway(dir)
  t.after(async () => {
    await close()
    for (const socket of sockets.clients) socket.terminate()
    service.closeAllConnections()
    service.close()
    await remove()
  })
  return { url, close }
}
