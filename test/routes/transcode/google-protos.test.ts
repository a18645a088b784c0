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
