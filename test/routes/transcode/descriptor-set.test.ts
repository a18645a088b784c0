import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { compileWorkspace } from '../../../src/compile/compile.ts'
import { descriptorSetOf } from '../../support/descriptor-set.ts'
import { layWorkspace } from '../../support/gateway.ts'
import { told } from '../../support/told.ts'
import { documentIn } from './support/openapi.ts'

describe('a route over a descriptor set', () => {
  it('has the same OpenAPI document as one over the texts it was made of', async (t) => {
    const { texts, set } = await workspaces(t, '/v1/items/{id}')
    const document = await documentIn(set)
    assert.deepEqual(document, await documentIn(texts))
    assert.equal(document.paths['/v1/items/{id}'].delete.responses['200'].description, 'The answer.')
  })

  it('names the rule that is wrong, for there is no text to point at', async (t) => {
    const wrong = await workspaces(t, '/v1/items/{ids}')
    const { diagnostics } = await compileWorkspace(wrong.set, {})
    assert.match(
      told(diagnostics),
      /"\/v1\/items\/\{ids\}", character 12: GetRequest has no field ids\. Did you mean id\?/,
    )
    const bodiless = await workspaces(t, '/v1/items/{id}', 'stream GetRequest')
    const { diagnostics: said } = await compileWorkspace(bodiless.set, {})
    assert.match(told(said), /DELETE \/v1\/items\/\{id\}: Messages are streamed in the body, and this rule has none\./)
  })
})

const workspaces = async (t: TestContext, template: string, request = 'GetRequest') => {
  const proto = `syntax = "proto3";
package items.v1;
import "google/api/annotations.proto";
import "google/protobuf/empty.proto";
// Keeps items.
service Items {
  // Throws one away.
  rpc Delete(${request}) returns (google.protobuf.Empty) { option (google.api.http) = { delete: "${template}" }; }
}
message GetRequest {
  // Which one.
  string id = 1;
}
`
  const lay = async (definitions: string): Promise<string> => {
    const { dir, remove } = await layWorkspace({
      'portico.yaml': `listen: 127.0.0.1:0
services:
  items: { grpc: "127.0.0.1:1", ${definitions}, identity: none }
routes:
  - { path: /api/*, transcode: items }
`,
      'protos/items.proto': proto,
    })
    t.after(remove)
    return dir
  }
  const set = await lay('descriptors: items.binpb')
  await writeFile(join(set, 'items.binpb'), await descriptorSetOf('items.proto', proto))
  return { texts: await lay('proto: items.proto'), set }
}
