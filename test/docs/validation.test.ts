import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { it } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { formats } from '../../src/routes/proxy/validate/formats.ts'
import { layWorkspace } from '../support/gateway.ts'
import { told } from '../support/told.ts'

const guide = 'docs/guides/securing/validation.md'

it(`${guide} shows settings that work, and every format there is`, async (t) => {
  const page = await readFile(guide, 'utf8')
  const yaml = /^```yaml\n([^]*?)^```$/m.exec(page)?.[1] ?? ''
  const document = 'openapi: 3.1.0\npaths: { "/orders/{id}": { get: {} }, /search/all: { get: {} } }\n'
  const { dir, remove } = await layWorkspace({ 'portico.yaml': yaml, 'shop.openapi.yaml': document })
  t.after(remove)
  const { plan, diagnostics } = await compileWorkspace(dir, {})
  assert.equal(told(diagnostics), '')
  assert.ok(plan !== undefined)
  const [, said = ''] = /^- Formats: (.*?)\. Others/m.exec(page) ?? []
  assert.deepEqual(
    [...said.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name).toSorted(),
    Object.keys(formats).toSorted(),
  )
})
