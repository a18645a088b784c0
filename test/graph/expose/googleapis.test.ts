import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exposed, exposedTogether, loadedService } from './support/exposed.ts'

/** Public services of every kind: proto2, resource names, deep recursion, oneofs, maps, well-known types, streams alone. */
const files = [
  'google/bigtable/v2/bigtable.proto',
  'google/cloud/aiplatform/v1/dataset_service.proto',
  'google/cloud/notebooks/v2/service.proto',
  'google/cloud/vision/v1/image_annotator.proto',
  'google/datastore/v1/datastore.proto',
  'google/firestore/v1/firestore.proto',
  'google/iam/v1/iam_policy.proto',
  'google/logging/v2/logging.proto',
  'google/longrunning/operations.proto',
  'google/pubsub/v1/pubsub.proto',
  'google/spanner/admin/instance/v1/spanner_instance_admin.proto',
  'google/spanner/v1/spanner.proto',
  'google/storage/v2/storage.proto',
  'google/streetview/publish/v1/streetview_publish.proto',
]

describe('public services', () => {
  for (const file of files)
    it(`show all that a field can be of ${file}`, () => {
      const service = loadedService('google', { file, dir: protos })
      const { diagnostics, graph } = exposedTogether([service], [{ service: 'google', at: [] }])
      assert.equal(diagnostics, '')
      assert.ok((graph?.bindings.length ?? 0) > 0)
    })

  it('may have 1,000 methods with a message each', () => {
    const numbers = Array.from({ length: 1_000 }, (_, index) => index)
    const { graph } = exposed(`
      service S { ${numbers.map((n) => `rpc Get${n}(Q) returns (M${n});`).join('\n')} }
      message Q { string id = 1; }
      ${numbers.map((n) => `message M${n} { string id = 1; M${n - (n % 10) + ((n + 1) % 10)} next = 2; }`).join('\n')}`)
    assert.equal(graph.bindings.length, 1_000)
  })
})

const protos = dirname(fileURLToPath(import.meta.resolve('google-proto-files/package.json')))
