import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { runProgram } from '../support/process.ts'

const main = 'examples/shop/demo/main.ts'

describe('the demo', { concurrency: 1 }, () => {
  it('takes its tour, finds every answer right and leaves nothing behind', async () => {
    const { status, out, err } = await runProgram(main, ['--tour']).ended
    assert.equal(status, 0, out + err)
    const titles = out.match(/^\d+\. /gm) ?? []
    assert.ok(titles.length >= 10)
    assert.match(out, new RegExp(`^${titles.length} of ${titles.length} answers are right\\.$`, 'm'))
    assert.equal(out.match(/^ {2}answer$/gm)?.length, titles.length)
  })

  it('prints a token and requests that work, and stops all of it on Ctrl-C', async (t) => {
    const demo = runProgram(main, ['--port', '0'])
    t.after(() => demo.child.kill('SIGKILL'))
    await demo.wrote(/Ctrl-C stops all of it/)
    const [, token = ''] = await demo.wrote(/^TOKEN=(\S+)$/m)
    const [, url = ''] = await demo.wrote(/(http:\S+)\/mobile\/my-dashboard/)
    const controls = [...demo.out().matchAll(/^ {2}\w+ +\S+ +(http:\S+) +\d+$/gm)].map(([, address = '']) => address)
    const reply = await fetch(`${url}/mobile/my-dashboard`, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(reply.status, 200)
    assert.equal((await fetch(`${url}/web/graphiql`)).status, 200)
    assert.equal(demo.out().match(/^curl /gm)?.length, 7)
    demo.child.kill('SIGINT')
    assert.deepEqual([(await demo.ended).status, demo.err()], [0, ''])
    assert.equal(controls.length, 6)
    for (const address of [url, ...controls]) await assert.rejects(fetch(address))
  })

  it('says which process died, stops the others and exits 1', async (t) => {
    const demo = runProgram(main, ['--port', '0'])
    t.after(() => demo.child.kill('SIGKILL'))
    await demo.wrote(/Ctrl-C stops all of it/)
    const [, pid = ''] = await demo.wrote(/^ {2}catalog .* (\d+)$/m)
    process.kill(Number(pid), 'SIGKILL')
    const { status, err } = await demo.ended
    assert.equal(status, 1)
    assert.match(err, /^catalog ended with SIGKILL/)
  })

  it('says so when the port it is told is taken, and exits 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const address = taken.address()
    assert.ok(typeof address === 'object' && address !== null)
    const { status, err } = await runProgram(main, ['--port', String(address.port)]).ended
    taken.close()
    assert.equal(status, 1)
    assert.match(err, new RegExp(`127\\.0\\.0\\.1:${address.port} is in use`))
  })

  it('explains itself, and exits 2 on an option it does not know', async () => {
    const helped = await runProgram(main, ['--help']).ended
    assert.equal(helped.status, 0)
    assert.match(helped.out, /npm run demo -- --tour/)
    const { status, err } = await runProgram(main, ['--tuor']).ended
    assert.equal(status, 2)
    assert.match(err, /--tuor/)
  })
})
