import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Document, documentIn } from '../routes/transcode/support/openapi.ts'
import { layWorkspace } from '../support/gateway.ts'

describe('one document of several routes', () => {
  it('keeps schemas apart that one name means in two ways, and all that leads to them', async () => {
    const { components, paths } = await documentOfRoutes('json: { names: proto }')
    assert.deepEqual(Object.keys(components.schemas).sort(), [
      'problem-details',
      'test.v1.Inner',
      'test.v1.Inner-2',
      'test.v1.Outer',
      'test.v1.Outer-2',
    ])
    const { 'test.v1.Outer-2': outer, 'test.v1.Inner-2': inner } = components.schemas
    assert.deepEqual(outer.properties.inner, { $ref: '#/components/schemas/test.v1.Inner-2' })
    assert.deepEqual(Object.keys(inner.properties), ['the_name'])
    const [first, second] = ['/one', '/two'].map((prefix) => answerAt(paths[`${prefix}/v1/outer`]))
    assert.deepEqual(
      [first, second],
      ['test.v1.Outer', 'test.v1.Outer-2'].map((name) => ({ $ref: `#/components/schemas/${name}` })),
    )
  })

  it('shares schemas that are the same, and numbers their operations', async () => {
    const { components, paths } = await documentOfRoutes('websocket: false')
    assert.ok(!Object.hasOwn(components.schemas, 'test.v1.Inner-2'))
    const ids = ['/one', '/two'].map((prefix) => paths[`${prefix}/v1/outer`].get.operationId as string)
    assert.deepEqual(ids, ['Test_Get', 'Test_Get_2'])
  })
})

const answerAt = (item: Document): unknown => item.get.responses['200'].content['application/json'].schema

/** One service under `/one/*`, and under `/two/*` with a setting of its own. */
const documentOfRoutes = async (setting: string): Promise<Document> => {
  const workspace = await layWorkspace({
    'portico.yaml': `services:
  test: { grpc: "127.0.0.1:1", proto: test.proto, identity: none }
routes:
  - { path: /one/*, transcode: test }
  - path: /two/*
    transcode: test
    ${setting}
`,
    'protos/test.proto': `syntax = "proto3";
package test.v1;
import "google/api/annotations.proto";
service Test { rpc Get(Ask) returns (Outer) { option (google.api.http) = {get: "/v1/outer"}; } }
message Ask {}
message Outer { Inner inner = 1; }
message Inner { string the_name = 1; }
`,
  })
  try {
    return await documentIn(workspace.dir)
  } finally {
    await workspace.remove()
  }
}
