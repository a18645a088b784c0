import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'

const page = 'docs/threat-model.md'

describe(page, () => {
  it('names tests that are there, for each promise', async () => {
    const [, promises = ''] = (await readFile(page, 'utf8')).split('\n## Promises\n')
    const rows = promises.split('\n').filter((line) => /^\| (?!promise \|)/.test(line))
    assert.ok(rows.length > 10)
    for (const row of rows) {
      const shown = [...row.matchAll(/\]\(([^)]+)\) "([^"]+)"/g)]
      assert.notEqual(shown.length, 0, row)
      for (const [, file = '', title = ''] of shown)
        assert.ok((await readFile(join(dirname(page), file), 'utf8')).includes(title), `${file} has no “${title}”.`)
    }
  })

  it('and SECURITY.md lead to pages that are there', async () => {
    for (const from of [page, 'SECURITY.md'])
      for (const [, to = ''] of (await readFile(from, 'utf8')).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g))
        assert.ok(existsSync(join(dirname(from), to)), `${from}: ${to}`)
  })
})
