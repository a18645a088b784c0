import assert from 'node:assert/strict'
import { it } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { layWorkspace } from '../support/gateway.ts'
import { runProgram } from '../support/process.ts'
import { until } from '../support/until.ts'

/** What waits to be read, and what the system keeps in a pipe beside. */
const mostKept = 8_388_608 + 1_048_576
const longPath = `/${'x'.repeat(60_000)}`

it('a gateway whose log nobody reads answers on, counts the lines it loses, and goes on telling once somebody reads', async (t) => {
  const probes = await freePort()
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
probes: 127.0.0.1:${probes}
limits: { headers: 96KiB }
services: {}
routes: [{ path: /*, respond: { status: 200, body: here } }]
`,
  })
  t.after(remove)
  const program = runProgram('src/main.ts', ['start', dir])
  t.after(() => program.child.kill('SIGKILL'))
  const [, url = ''] = await program.wrote(/"listen":"(http:[^"]+)"/)
  program.child.stdout?.pause()
  const lost = async (): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${probes}/metrics`)).text()
    return Number(/^portico_log_lost_total (\d+)$/m.exec(text)?.[1])
  }
  assert.equal(await lost(), 0)
  for (let sent = 0; sent < mostKept || (await lost()) === 0; sent += 10 * longPath.length) {
    const replies = await Promise.all(Array.from({ length: 10 }, () => fetch(url + longPath)))
    for (const reply of replies) assert.equal(await reply.text(), 'here')
  }
  const rss = async (): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${probes}/metrics`)).text()
    return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1])
  }
  const before = await rss()
  for (let i = 0; i < 10; i += 1)
    await Promise.all(Array.from({ length: 10 }, async () => (await fetch(url + longPath)).text()))
  assert.ok((await rss()) - before < 64 * 1_048_576)
  program.child.stdout?.resume()
  await until(async () => {
    await fetch(`${url}/last-words`)
    return program.out().includes('/last-words')
  })
})
