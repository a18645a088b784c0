import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { workspaceConfig } from '../../src/compile/config.ts'
import { editorSchema } from '../../src/config/json-schema.ts'

describe('editorSchema', () => {
  const accepts = validator()

  it('accepts the reference workspace as it is written', () => {
    assert.equal(accepts(parse(readFileSync('portico.yaml', 'utf8'))), true)
  })

  it('accepts a variable wherever a scalar may stand', () => {
    assert.equal(accepts({ services: {}, budget: '${B}', accessLog: '${L:-true}', limits: { depth: '${D}' } }), true)
    assert.equal(accepts({ services: { a: { rest: 'http://${HOST}', identity: '${I:-none}' } } }), true)
  })

  it('refuses unknown keys, wrong types and texts that are neither of their form nor variables', () => {
    assert.equal(accepts({ services: {}, budgt: '1s' }), false)
    assert.equal(accepts({ services: {}, budget: 10 }), false)
    assert.equal(accepts({ services: {}, budget: 'soon' }), false)
    assert.equal(accepts({ services: {}, accessLog: 'yes' }), false)
    assert.equal(accepts({}), false)
  })

  it('gives defaults as they are written, and keeps descriptions outside the alternatives', () => {
    const { title, properties } = editorSchema(workspaceConfig)
    assert.equal(title, 'portico.yaml')
    const { budget } = properties as { readonly budget: Readonly<Record<string, unknown>> }
    assert.equal(budget['default'], '10s')
    assert.match(String(budget['description']), /^How long a request may take/)
  })
})

function validator(): (value: unknown) => boolean {
  // Making the code smaller takes far longer than running it.
  const validate = new Ajv({ strict: true, strictTypes: false, code: { optimize: false } }).compile(
    editorSchema(workspaceConfig),
  )
  return (value) => validate(value)
}
