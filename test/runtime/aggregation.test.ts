import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { Agent, request as ask } from 'undici'
import { layWorkspace, startGateway, type TestGateway, type TestWorkspace } from '../support/gateway.ts'
import { ownMs } from '../support/own-time.ts'

describe('an answer put together from several services', () => {
  it('is the same to the byte a thousand times, whichever service is faster', async () => {
    const bodies = new Set<string>()
    for (let round = 0; round < 40; round += 1)
      for (const { text } of await Promise.all(Array.from({ length: 25 }, () => get('/app/merged')))) bodies.add(text)
    assert.deepEqual(
      [...bodies],
      ['{"b":{"name":"left","id":"l"},"a":{"id":"r","name":"right"},"more":[{"id":"l"},{"id":"r"}]}'],
    )
  })

  it('is asked for with the token of its caller alone, for a thousand callers at once', async () => {
    const callers = Array.from({ length: 1_000 }, (_, index) => `Bearer ${index}`)
    const answers = await Promise.all(callers.map((authorization) => get('/app/own', { authorization })))
    for (const [index, { text }] of answers.entries())
      assert.equal(text, `{"mine":{"id":"Bearer ${index}"},"again":{"id":"Bearer ${index}"}}`)
  })

  it('is given up with all its calls within 50 ms of its client', async () => {
    const asked = request(`${gateway.url}/app/hanging`).on('error', () => undefined)
    asked.end()
    while (hanging.length < 3) await once(server, 'hanging')
    const closed = Promise.all(hanging.map((response) => once(response, 'close')))
    asked.destroy()
    const ms = await ownMs(closed)
    assert.ok(ms < 50, `It took ${ms} ms.`)
  })

  it('is complete where every part is empty', async () => {
    const { text, partial } = await get('/app/empty')
    assert.deepEqual([text, partial], ['{"a":null,"b":null,"none":[]}', undefined])
  })
})

/** A thousand connections at once may take a busy machine longer than fetch waits for one. */
const patient = new Agent({ connect: { timeout: 100_000 } })

const get = async (path: string, given: Readonly<Record<string, string>> = {}) => {
  const { body, headers } = await ask(gateway.url + path, { headers: given, dispatcher: patient })
  return { text: await body.text(), partial: headers['portico-partial'] }
}

const thing = { left: '{"id":"l","name":"left"}', right: '{"name":"right","id":"r"}' }

const hanging: ServerResponse[] = []
let server: Server
let workspace: TestWorkspace
let gateway: TestGateway
before(async () => {
  server = createServer(async ({ url, headers }, response) => {
    if (url?.startsWith('/hang') === true) {
      hanging.push(response)
      server.emit('hanging')
      return
    }
    response.setHeader('content-type', 'application/json')
    // Any order of arrival comes up.
    await wait(Math.floor(Math.random() * 4))
    if (url === '/left') response.end(thing.left)
    else if (url === '/right') response.end(thing.right)
    else if (url === '/list') response.end(`[${thing.left},${thing.right}]`)
    else if (url === '/none') response.end('[]')
    else if (url === '/nothing') response.writeHead(204).end()
    else response.end(JSON.stringify({ id: headers.authorization }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  workspace = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
budget: 1m
services:
  parts: { rest: "http://127.0.0.1:${(server.address() as AddressInfo).port}", identity: forward, timeout: 1m, shareCalls: true }
bffs:
  app: { prefix: /app, schema: schema.graphql, operations: operations/*.graphql, shareOperations: true }
`,
    'schema.graphql': `type Query {
  left: Thing @rest(service: "parts", get: "/left")
  right: Thing @rest(service: "parts", get: "/right")
  list: [Thing!] @rest(service: "parts", get: "/list")
  none: [Thing!] @rest(service: "parts", get: "/none")
  nothing: Thing @rest(service: "parts", get: "/nothing")
  own(n: Int): Thing @rest(service: "parts", get: "/own/{args.n}")
  hang(n: Int): Thing @rest(service: "parts", get: "/hang/{args.n}")
}
type Thing { id: ID! name: String }
`,
    'operations/merged.graphql':
      'query Merged @endpoint(get: "/merged") { b: left { name id } a: right { id name } more: list { id } }\n',
    'operations/own.graphql': 'query Own @endpoint(get: "/own") { mine: own(n: 1) { id } again: own(n: 2) { id } }\n',
    'operations/hanging.graphql':
      'query Hanging @endpoint(get: "/hanging") { a: hang(n: 1) { id } b: hang(n: 2) { id } c: hang(n: 3) { id } }\n',
    'operations/empty.graphql':
      'query Empty @endpoint(get: "/empty") { a: nothing { id } b: nothing { name } none { id } }\n',
  })
  gateway = await startGateway(workspace.dir)
})
after(async () => {
  await gateway.close()
  server.closeAllConnections()
  server.close()
  await workspace.remove()
})
