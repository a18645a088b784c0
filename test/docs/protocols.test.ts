import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { portico } from '../support/command.ts'
import { layWorkspace } from '../support/gateway.ts'

const guide = 'docs/guides/protocols.md'

describe(guide, () => {
  it('shows settings that check', async (t) => {
    const page = await readFile(guide, 'utf8')
    const blocks = [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = '']) => text)
    assert.ok(blocks.length > 0)
    for (const block of blocks) {
      const { dir, remove } = await layWorkspace({ 'portico.yaml': block })
      t.after(remove)
      assert.match((await portico(['check', dir])).out, /no mistakes\n$/, block)
    }
  })
})
