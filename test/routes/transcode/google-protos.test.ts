import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exposedTogether, loadedService } from '../../graph/expose/support/exposed.ts'
import { googleWorkspace } from './support/google.ts'
import { documentIn, operationsOf } from './support/openapi.ts'

const protos = dirname(fileURLToPath(import.meta.resolve('google-proto-files/package.json')))

/** How many files each run draws; `PORTICO_PROTOS=40` draws more, `PORTICO_PROTOS=all` takes all of them, for some minutes. */
const { PORTICO_PROTOS = '4' } = process.env

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

describe('any public service of Google', () => {
  const { seed, files } = sample()

  it(`parses, binds as GraphQL and is documented as REST without a mistake (PORTICO_SEED=${seed})`, async () => {
    for (const file of files) {
      const { diagnostics, graph } = exposedTogether(
        [loadedService('google', { file, dir: protos })],
        [{ service: 'google', at: [] }],
      )
      assert.ok(graph !== undefined, file)
      if (graph.bindings.length === 0)
        assert.match(diagnostics, /^portico\.yaml:1:1 .*\n {4}google shows nothing\. .*$/, file)
      else assert.equal(diagnostics, '', file)
      const workspace = await googleWorkspace([file])
      try {
        const operations = operationsOf(await documentIn(workspace.dir))
        assert.ok(operations.length > 0 || graph.bindings.length === 0, file)
      } finally {
        await workspace.remove()
      }
    }
  })
})

/** Files that define services, another few in each run. */
function sample(): { readonly seed: number; readonly files: readonly string[] } {
  const all = globSync('google/**/*.proto', { cwd: protos })
    .filter((file) => /^service /m.test(readFileSync(join(protos, file), 'utf8')))
    .sort()
  assert.ok(all.length > 1_000)
  const seed = Number(process.env['PORTICO_SEED'] ?? Math.floor(Math.random() * 2_147_483_646) + 1)
  if (PORTICO_PROTOS === 'all') return { seed, files: all }
  let state = seed
  const files = Array.from({ length: Number(PORTICO_PROTOS) }, () => {
    state = (state * 48_271) % 2_147_483_647
    return all[state % all.length] as string
  })
  return { seed, files }
}
