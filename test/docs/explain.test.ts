import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { resolve } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { layWorkspace } from '../support/gateway.ts'
import { missing } from '../support/programs.ts'
import { stepsOf, walk } from '../support/walk.ts'

const guide = 'docs/guides/explain.md'

describe(guide, () => {
  it('does what it says', { skip: missing('jq') }, async (t) => {
    const page = await readFile(guide, 'utf8')
    const ports = { 5001: await portOf(t, answering()), 8080: await freePort() }
    const steps = stepsOf(page)
    assert.ok(steps.length >= 4, 'the guide has its steps')
    const { dir, remove } = await layWorkspace(filesOf(page, ports))
    t.after(remove)
    const program = { command: `portico() { node ${resolve('src/main.ts')} "$@"; }`, output: '' }
    await walk([program, ...steps], { cwd: dir, ports })
  })
})

/** The files that a page shows with their names, over the free ports that stand for those it names. */
const filesOf = (page: string, ports: Readonly<Record<string, number>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...page.matchAll(/^```\w+ (\S+\.\w+)\n([^]*?)^```$/gm)].map(([, name = '', text = '']) => [
      name,
      Object.entries(ports).reduce((all, [port, free]) => all.replaceAll(port, String(free)), text),
    ]),
  )

/** The services of the guide. */
const answering = (): Server =>
  createServer((request, response) => {
    const order = { id: 'o-1', customer: 'u-7', total_cents: 4200 }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(request.url?.startsWith('/orders') === true ? order : { items: [] }))
  })

async function portOf(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as { port: number }).port
}
