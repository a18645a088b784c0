import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startService } from '../routes/proxy/support/gateway.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'

describe('the switch of a blue-green release', () => {
  it('loses no request under load, and after the reload everything is of the new colour', async (t) => {
    const colours = await Promise.all(
      ['blue', 'green'].map((colour) =>
        startService(t, (_request, response) => {
          // Requests are under way when the switch comes.
          setTimeout(() => response.end(colour), 5)
        }),
      ),
    )
    const [blue, green] = colours.map(({ origin }) => origin)
    const workspace = (active: string): string => `listen: 127.0.0.1:0
services:
  blue: { rest: "${blue}", identity: none }
  green: { rest: "${green}", identity: none }
routes:
  - { path: /*, split: [{ service: blue }, { service: green }], active: ${active} }
`
    const { dir, remove } = await layWorkspace({ 'portico.yaml': workspace('blue') })
    const { url, gateway, close } = await startGateway(dir)
    t.after(async () => {
      await close()
      await remove()
    })
    const end = new AbortController()
    t.after(() => end.abort())
    const counts = { blue: 0, green: 0 }
    const client = async (): Promise<void> => {
      while (!end.signal.aborted) {
        const reply = await fetch(url)
        assert.equal(reply.status, 200)
        counts[(await reply.text()) as 'blue' | 'green'] += 1
      }
    }
    const clients = Array.from({ length: 8 }, client)
    for (const active of ['green', 'blue', 'green']) {
      await writeFile(join(dir, 'portico.yaml'), workspace(active))
      assert.equal((await gateway.reload()).ok, true)
      assert.equal(await (await fetch(url)).text(), active)
    }
    end.abort()
    await Promise.all(clients)
    assert.ok(counts.blue > 0 && counts.green > 0, JSON.stringify(counts))
  })
})
