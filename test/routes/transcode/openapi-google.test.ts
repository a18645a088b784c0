import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { googleWorkspace } from './support/google.ts'
import { documentIn, operationsOf } from './support/openapi.ts'

describe('the OpenAPI document of Google’s own protos', () => {
  for (const file of [
    'google/example/library/v1/library.proto',
    'google/pubsub/v1/pubsub.proto',
    'google/logging/v2/logging.proto',
    'google/spanner/admin/instance/v1/spanner_instance_admin.proto',
    'google/spanner/v1/spanner.proto',
    'google/storage/v2/storage.proto',
    'google/bigtable/v2/bigtable.proto',
    'google/cloud/aiplatform/v1/prediction_service.proto',
    'google/cloud/vision/v1/image_annotator.proto',
  ])
    it(`is sound for ${file}`, async (t) => {
      const workspace = await googleWorkspace([file])
      t.after(() => workspace.remove())
      assert.ok(operationsOf(await documentIn(workspace.dir)).length > 0)
    })

  it('is sound for several at once, and has each message of both once', async (t) => {
    const workspace = await googleWorkspace(['google/pubsub/v1/pubsub.proto', 'google/logging/v2/logging.proto'])
    t.after(() => workspace.remove())
    const { components, paths, servers } = await documentIn(workspace.dir)
    assert.deepEqual(servers, [{ url: '/' }])
    assert.ok(paths['/s0/v1/projects/{projectsId}/topics'] && paths['/s1/v2/entries:list'])
    const names = Object.keys(components.schemas)
    assert.ok(names.includes('google.protobuf.Empty') && names.every((name) => !/-\d+$/.test(name)))
  })
})
