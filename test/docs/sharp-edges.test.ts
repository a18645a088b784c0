import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const page = 'test/sharp-edges.md'

describe(page, () => {
  it('names tests that are there, for each edge', async () => {
    const rows = (await readFile(page, 'utf8')).split('\n').filter((line) => /^\| (?!edge \|)/.test(line))
    assert.ok(rows.length > 20)
    for (const row of rows) {
      const shown = [...row.matchAll(/\]\(([^)]+)\) "([^"]+)"/g)]
      assert.notEqual(shown.length, 0, row)
      for (const [, file = '', title = ''] of shown)
        assert.ok((await readFile(join('test', file), 'utf8')).includes(title), `${file} has no “${title}”.`)
    }
  })
})
