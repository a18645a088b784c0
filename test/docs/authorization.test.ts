import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { it } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { layWorkspace } from '../support/gateway.ts'
import { told } from '../support/told.ts'

const guide = 'docs/guides/securing/authorization.md'

it(`${guide} shows a workspace that is sound, its schema served by a BFF`, async (t) => {
  const page = await readFile(guide, 'utf8')
  const block = (language: string): string =>
    new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(page)?.[1] ?? ''
  const [, schema = '', operation = ''] = page.split(/^```graphql\n/m).map((part) => part.split(/^```$/m, 1)[0] ?? '')
  const bff = 'bffs: { web: { prefix: /web, schema: shop.graphql, operations: margins.graphql, auth: people } }\n'
  const { dir, remove } = await layWorkspace({
    'portico.yaml': block('yaml') + bff,
    'shop.graphql': schema,
    'margins.graphql': operation,
  })
  t.after(remove)
  const { plan, diagnostics } = await compileWorkspace(dir, {})
  assert.equal(told(diagnostics), '')
  assert.deepEqual([plan?.routes.length, plan?.bffs[0]?.own.size], [3, 1])
})
