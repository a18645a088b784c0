import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { layWorkspace, startGateway } from '../support/gateway.ts'

/** What parsers of XML have fetched, opened, or died of. */
const hostile = (elsewhere: string): Readonly<Record<string, string>> => ({
  'an external entity': `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>`,
  'an entity of another host': `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "${elsewhere}">]><a>&x;</a>`,
  'an external DTD': `<?xml version="1.0"?><!DOCTYPE a SYSTEM "${elsewhere}"><a/>`,
  'a billion laughs': `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "lol">${Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')}]><a>&l9;</a>`,
  'elements in elements': `${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`,
  'a thousand attributes': `<a ${Array.from({ length: 1_000 }, (_, i) => `b${i}="c"`).join(' ')}/>`,
})

describe('XML', () => {
  it('is read nowhere: no package that runs can', async () => {
    const { dependencies } = JSON.parse(await readFile('package.json', 'utf8')) as { readonly dependencies: object }
    assert.deepEqual(
      Object.keys(dependencies).filter((name) => /xml|sax|soap|libxml|xmldom/i.test(name)),
      [],
    )
  })

  for (const what of Object.keys(hostile('')))
    it(`with ${what} is no answer of a call, no request, and passes a route as it is`, async () => {
      const xml = hostile(ground.elsewhere)[what] ?? ''
      ground.says(xml)
      const composed = await post('/web/graphql', '{"query":"{ a }"}', 'application/json')
      assert.deepEqual([composed.status, composed.code], [200, 'UNAVAILABLE'])
      for (const type of ['application/xml', 'text/xml', 'application/soap+xml'])
        for (const path of ['/web/graphql', '/web/a']) assert.equal((await post(path, xml, type)).status, 415, path)
      assert.equal((await fetch(`${ground.url}/masked`)).status, 502)
      assert.equal(await (await fetch(`${ground.url}/plain`)).text(), xml)
      assert.equal(ground.asked(), 0)
    })
})

const post = async (path: string, body: string, type: string) => {
  const reply = await fetch(ground.url + path, { method: 'POST', headers: { 'content-type': type }, body })
  const text = await reply.text()
  return { status: reply.status, code: /"code":"(\w+)"/.exec(text)?.[1] }
}

const startGround = async () => {
  let answer = ''
  let asked = 0
  const other = createServer((_request, response) => {
    asked += 1
    response.end()
  })
  const service = createServer((_request, response) =>
    response.setHeader('content-type', 'application/xml').end(answer),
  )
  for (const server of [other, service]) await once(server.listen(0, '127.0.0.1'), 'listening')
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
mask: { rules: [{ pattern: card, becomes: remove }] }
services: { legacy: { rest: "http://127.0.0.1:${(service.address() as AddressInfo).port}", identity: none } }
bffs: { web: { prefix: /web, schema: schema.graphql, graphql: true, operations: ops/*.graphql } }
routes:
  - { path: /masked, service: legacy, mask: true }
  - { path: /plain, service: legacy, mask: false }
`,
    'schema.graphql': `type Query { a: String @rest(service: "legacy", get: "/a") }
type Mutation { a(b: String): String @rest(service: "legacy", post: "/a", body: { b: "{args.b}" }) }`,
    'ops/a.graphql': 'mutation A($b: String) @endpoint(post: "/a") { a(b: $b) }',
  })
  const { url, close } = await startGateway(dir)
  return {
    url,
    elsewhere: `http://127.0.0.1:${(other.address() as AddressInfo).port}/x.dtd`,
    says: (text: string) => void (answer = text),
    asked: () => asked,
    async close() {
      await close()
      other.close()
      service.close()
      await remove()
    },
  }
}

let ground: Awaited<ReturnType<typeof startGround>>
before(async () => {
  ground = await startGround()
})
after(() => ground.close())
