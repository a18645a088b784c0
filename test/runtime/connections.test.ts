import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { layWorkspace, startGateway } from '../support/gateway.ts'

describe('limits.connectionsPerAddress', () => {
  it('answers one connection too many by 503 and closes it, and takes others once one has gone', async (t) => {
    const { open } = await gateway(t, 2)
    const first = await open()
    const second = await open()
    assert.match(await ask(first), /^HTTP\/1\.1 200 /)
    const third = await open()
    const [refusal] = (await once(third, 'data')) as [Buffer]
    assert.match(String(refusal), /^HTTP\/1\.1 503 [^]*\r\nretry-after: 1\r\n/)
    await once(third, 'close')
    second.destroy()
    await once(second, 'close')
    let answer = ''
    // The gateway learns of the end a moment after the client does.
    while (!answer.includes(' 200 ')) answer = await ask(await open())
    assert.match(await ask(first), /^HTTP\/1\.1 200 /)
  })

  it('exempts trusted proxies, which have the connections of all their clients', async (t) => {
    const { open } = await gateway(t, 1, 'trustedProxies: [127.0.0.0/8]')
    const sockets = [await open(), await open(), await open()]
    for (const socket of sockets) assert.match(await ask(socket), /^HTTP\/1\.1 200 /)
  })
})

const ask = async (socket: Socket): Promise<string> => {
  socket.write('GET /hello HTTP/1.1\r\nhost: a\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  return String(answer)
}

const gateway = async (t: TestContext, most: number, more = '') => {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `
listen: 127.0.0.1:0
limits: { connectionsPerAddress: ${most} }
${more}
services: {}
routes:
  - { path: /hello, respond: { status: 200, body: hello } }
`,
  })
  t.after(remove)
  const { gateway: running, close } = await startGateway(dir)
  t.after(close)
  const open = async (): Promise<Socket> => {
    const socket = connect(running.listen.port, '127.0.0.1')
    t.after(() => socket.destroy())
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
  return { open }
}
