import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { serverAudits } from 'graphql-http'
import { layWorkspace, startGateway, type TestGateway, type TestWorkspace } from '../../support/gateway.ts'

describe('GraphQL over HTTP', () => {
  // The list of audits depends on nothing but the options; the address is asked for when one runs.
  for (const { id, name, fn } of serverAudits({ url: () => `${gateway.url}/api/graphql` }))
    it(`passes audit ${id}: ${name}`, async () => {
      const result = await fn()
      assert.equal(result.status, 'ok', 'reason' in result ? result.reason : undefined)
    })
})

let workspace: TestWorkspace
let gateway: TestGateway
before(async () => {
  workspace = await layWorkspace({
    'portico.yaml':
      'listen: 127.0.0.1:0\nservices:\n  words: { rest: "http://127.0.0.1:1", identity: none }\nbffs:\n  api: { prefix: /api, schema: schema.graphql, introspection: true }\n',
    'schema.graphql':
      'type Query { word: String @rest(service: "words", get: "/word") }\ntype Mutation { put: String @rest(service: "words", post: "/word") }\n',
  })
  gateway = await startGateway(workspace.dir)
})
after(async () => {
  await gateway.close()
  await workspace.remove()
})
