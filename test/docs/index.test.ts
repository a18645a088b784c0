import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { it } from 'node:test'

it('the list of documents names every guide', () => {
  const list = readFileSync('docs/README.md', 'utf8')
  const guides = globSync('docs/guides/**/*.md').map((file) => file.slice('docs/'.length))
  assert.ok(guides.length > 20)
  assert.deepEqual(
    guides.filter((guide) => !list.includes(`(${guide})`)),
    [],
  )
})
