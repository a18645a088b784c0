import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { it } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { usualHeaders } from '../../src/services/identity/headers.ts'
import { layWorkspace } from '../support/gateway.ts'
import { told } from '../support/told.ts'

const guide = 'docs/guides/securing/identity.md'

it(`${guide} shows settings that work, and the headers there are`, async (t) => {
  const page = await readFile(guide, 'utf8')
  const [known, from] = await Promise.all(
    [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(async ([, yaml = '']) => {
      const { dir, remove } = await layWorkspace({ 'portico.yaml': yaml, ...files })
      t.after(remove)
      const { plan, diagnostics } = await compileWorkspace(dir, {})
      assert.equal(told(diagnostics), '')
      return { trustedHeaders: plan?.trustedHeaders, services: [...(plan?.services.values() ?? [])] }
    }),
  )
  assert.deepEqual(
    known?.services.map(({ identity }) => identity),
    ['forward', 'none', 'headers', 'headers', 'service'],
  )
  assert.equal(from?.trustedHeaders, 'forwarded')
  assert.equal(from?.services[0]?.forwardedHeaders, 'both')
  const named = [...page.matchAll(/^\| `(X-Auth-\w+)`/gm)].map(([, name = '']) => name.toLowerCase())
  assert.deepEqual(named, Object.keys(usualHeaders))
})

const files = {
  'protos/stock.proto':
    'syntax = "proto3"; package stock; service Stock { rpc Get (Item) returns (Item); } message Item {}',
  'secrets/ledger': 'secret',
}
