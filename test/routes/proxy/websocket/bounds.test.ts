import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { freePort } from '../../../support/free-port.ts'
import { layWorkspace, startGateway } from '../../../support/gateway.ts'
import { holdUp } from '../../../support/own-time.ts'
import { listen } from '../support/gateway.ts'

describe('WebSockets through a route', () => {
  it('go to every target of their service, to the next one where one cannot be reached', async (t) => {
    const { open, services } = await gateway(t, { targets: 3, dead: 1 })
    for (let i = 0; i < 6; i += 1) await open()
    const opened = services.map(({ sockets }) => sockets.length)
    // Whose turn it was is theirs; what fell to the dead one is drawn among the others.
    assert.ok(
      opened.every((count) => count >= 1),
      String(opened),
    )
    assert.equal(
      opened.reduce((sum, count) => sum + count, 0),
      6,
    )
  })

  it('are spread by how many are open where targets are chosen by load', async (t) => {
    const { open, services } = await gateway(t, { targets: 2, service: 'balance: leastRequests' })
    for (let i = 0; i < 10; i += 1) await open()
    assert.deepEqual(
      services.map(({ sockets }) => sockets.length),
      [5, 5],
    )
  })

  it('stay with one target by what keeps requests there', async (t) => {
    const { open, services } = await gateway(t, { targets: 3, service: 'balance: { hash: { header: x-user } }' })
    for (let i = 0; i < 4; i += 1) await open({ headers: { 'x-user': 'u-1' } })
    assert.deepEqual(
      services.map(({ sockets }) => sockets.length).toSorted((a, b) => a - b),
      [0, 0, 4],
    )
  })

  it('are shared out where a route shares its requests', async (t) => {
    const { open, services } = await gateway(t, {
      targets: 2,
      route: 'split: [{ service: s0, weight: 3 }, { service: s1, weight: 1 }]',
    })
    for (let i = 0; i < 8; i += 1) await open()
    assert.deepEqual(
      services.map(({ sockets }) => sockets.length),
      [6, 2],
    )
  })

  it('open the breaker by handshakes that fail, not by those that are refused', async (t) => {
    const { handshake, services } = await gateway(t, {
      targets: 1,
      service: 'breaker: { rate: 50%, volume: 5, open: 30s }',
    })
    const [service] = services as [Service]
    service.status = 401
    for (let i = 0; i < 10; i += 1) assert.equal(await handshake(), 401)
    service.status = 500
    for (let i = 0; i < 10; i += 1) assert.equal(await handshake(), 500)
    assert.equal(await handshake(), 503)
    assert.equal(service.handshakes, 20)
  })

  it('are given up where the service takes too long to shake hands', async (t) => {
    const { handshake, services } = await gateway(t, { targets: 1, service: 'timeout: 100ms' })
    ;(services[0] as Service).status = undefined
    assert.equal(await handshake(), 504)
  })

  it('are not given up where it was the gateway that was late, and the service has shaken hands', async (t) => {
    const { handshake, services } = await gateway(t, { targets: 1, service: 'timeout: 600ms' })
    ;(services[0] as Service).holdsUpMs = 700
    assert.equal(await handshake(), 101)
  })

  it('have the time, the tries and the breaker of the calls that they are', async (t) => {
    const { handshake, services } = await gateway(t, {
      targets: 2,
      service: `timeout: 10s
    calls:
      GET /echo: { timeout: 100ms, retry: { times: 1, backoff: 1ms }, breaker: { volume: 2, open: 30s } }`,
    })
    for (const service of services) service.status = undefined
    assert.equal(await handshake(), 504)
    assert.deepEqual(
      services.map(({ handshakes }) => handshakes),
      [1, 1],
    )
    for (const service of services) service.status = 101
    assert.equal(await handshake(), 503)
  })

  it('end with 1001 for both sides when nobody has said anything for too long', async (t) => {
    const { open, services } = await gateway(t, { targets: 1, websocket: 'idle: 1s' })
    const client = await open()
    const service = services[0]?.sockets[0] as WebSocket
    const ended = Promise.all([closing(client), closing(service)])
    const words = setInterval(() => client.send('a word'), 50)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    assert.equal(client.readyState, client.OPEN)
    clearInterval(words)
    const [[told, why], [toldService]] = await ended
    assert.deepEqual([told, why, toldService], [1001, 'Nothing was said for too long.', 1001])
  })

  it('are kept open by pings, unless only messages count', async (t) => {
    const ends = async (pings: boolean): Promise<'pinged on' | number> => {
      const { open } = await gateway(t, { targets: 1, websocket: `idle: 1s, pings: ${pings}` })
      const client = await open()
      const ended = closing(client)
      let pongs = 0
      return Promise.race([
        ended.then(([code]) => code),
        new Promise<'pinged on'>((resolve) => {
          client.on('pong', () => {
            pongs += 1
            if (pongs === 8) resolve('pinged on')
            else setTimeout(() => client.ping(), 200)
          })
          client.ping()
        }),
      ])
    }
    assert.equal(await ends(true), 'pinged on')
    assert.equal(await ends(false), 1001)
  })

  it('end with 1001 when they have been open for long enough, however busy', async (t) => {
    const { open, services } = await gateway(t, { targets: 1, websocket: 'age: 200ms' })
    const client = await open()
    const ended = Promise.all([closing(client), closing(services[0]?.sockets[0] as WebSocket)])
    const words = setInterval(() => client.readyState === client.OPEN && client.send('a word'), 20)
    const [[told], [toldService]] = await ended
    clearInterval(words)
    assert.deepEqual([told, toldService], [1001, 1001])
  })

  it('are so many for a client, and so many for a route', async (t) => {
    const { open, handshake } = await gateway(t, { targets: 1, websocket: 'perClient: 2, connections: 3' })
    const mine = await open()
    await open()
    assert.equal(await handshake(), 429)
    await open({ localAddress: '127.0.0.2' })
    assert.equal(await handshake('127.0.0.3'), 503)
    const closed = closing(mine)
    mine.terminate()
    await closed
    await until(async () => (await handshake()) === 101)
  })

  it('end with 1001 for both sides when the gateway closes', async (t) => {
    const { open, services, close } = await gateway(t, { targets: 1 })
    const clients = await Promise.all(Array.from({ length: 20 }, () => open()))
    const ended = Promise.all([...clients, ...(services[0] as Service).sockets].map(closing))
    await close()
    for (const [code, reason] of await ended)
      assert.deepEqual([code, reason], [1001, 'The gateway is going away. Connect again.'])
  })

  it('end when the gateway reloads, and come back to the new generation', async (t) => {
    const { open, reload, services } = await gateway(t, { targets: 1 })
    const client = await open()
    const ended = Promise.all([closing(client), closing(services[0]?.sockets[0] as WebSocket)])
    await reload()
    assert.deepEqual(
      (await ended).map(([code]) => code),
      [1001, 1001],
    )
    await open()
  })

  it('are told by 1014 where the service breaks off without a word', async (t) => {
    const { open, services } = await gateway(t, { targets: 1 })
    const client = await open()
    const ended = closing(client)
    services[0]?.sockets[0]?.terminate()
    assert.deepEqual(await ended, [1014, 'The service broke the connection off.'])
  })

  it('end for the service where the client is gone', async (t) => {
    const { open, services } = await gateway(t, { targets: 1 })
    const client = await open()
    const ended = closing(services[0]?.sockets[0] as WebSocket)
    client.terminate()
    assert.equal((await ended)[0], 1006)
  })

  it('end with 1009 for a service that says more in one message than it may, and 1014 for its client', async (t) => {
    const { open, services } = await gateway(t, { targets: 1, websocket: 'maxMessage: 1KiB' })
    const client = await open()
    const service = services[0]?.sockets[0] as WebSocket
    const ended = Promise.all([closing(client), closing(service)])
    service.send('x'.repeat(1_025))
    assert.deepEqual(
      (await ended).map(([code]) => code),
      [1014, 1009],
    )
  })

  it('are counted by route, open and ended for which reason, beyond a reload', async (t) => {
    const { open, services, reload, counted } = await gateway(t, {
      targets: 1,
      websocket: 'maxMessage: 1KiB, perClient: 5',
    })
    const clients = [await open(), await open(), await open()]
    assert.equal(await counted('portico_websockets_open{route="/echo"}'), 3)
    await reload()
    const [left, large, cut] = clients as [WebSocket, WebSocket, WebSocket]
    const later = [await open(), await open()]
    await assert.rejects(open(), /429/)
    assert.equal(await counted('portico_websockets_open{route="/echo"}'), 5)
    later[1]?.send('once')
    await once(later[1] as WebSocket, 'message')
    for (const from of ['client', 'service'])
      assert.equal(await counted(`portico_websocket_messages_total{route="/echo",from="${from}"}`), 1)
    left.close()
    large.send('x'.repeat(2_000))
    services[0]?.sockets[2]?.terminate()
    await Promise.all([left, large, cut].map(closing))
    later[0]?.terminate()
    for (const [reason, times] of [
      ['client', 2],
      ['message too large', 1],
      ['service broke off', 1],
    ] as const)
      await until(
        async () => (await counted(`portico_websockets_ended_total{route="/echo",reason="${reason}"}`)) === times,
      )
    assert.equal(await counted('portico_websockets_open{route="/echo"}'), 1)
  })

  it('are compressed where both sides agree, which the gateway leaves to them', async (t) => {
    const { open } = await gateway(t, { targets: 1, deflates: true })
    const client = await open({ perMessageDeflate: true })
    assert.match(client.extensions, /permessage-deflate/)
    client.send('word '.repeat(10_000))
    const [echoed] = (await once(client, 'message')) as [Buffer]
    assert.equal(echoed.length, 50_000)
  })

  it('hold a service back whose client reads slowly', async (t) => {
    const { open, services } = await gateway(t, { targets: 1 })
    const client = await open()
    client.pause()
    const service = services[0]?.sockets[0] as WebSocket
    const message = Buffer.alloc(500_000)
    for (let i = 0; i < 200; i += 1) service.send(message)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const held = service.bufferedAmount
    assert.ok(held > 50_000_000, `${held} bytes are still with the service`)
    let got = 0
    const all = new Promise<void>((resolve) => {
      client.on('message', () => {
        got += 1
        if (got === 200) resolve()
      })
    })
    client.resume()
    await all
  })

  it('are refused by 400 and 426 where the handshake is none', async (t) => {
    const { port } = await gateway(t, { targets: 1 })
    for (const [lines, status] of [
      ['Upgrade: websocket\r\nSec-WebSocket-Version: 13', 400],
      ['Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short', 400],
      ['Upgrade: websocket\r\nSec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 426],
      ['Upgrade: chat\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 400],
    ] as const)
      assert.equal(await statusOf(port, lines), status, lines)
  })
})

type Service = {
  readonly sockets: WebSocket[]
  readonly origin: string
  /** What handshakes are answered with, where not by a WebSocket; undefined for nothing at all. */
  status: number | undefined
  handshakes: number
  /** How long it computes after each handshake. */
  holdsUpMs: number
}

const closing = async (socket: WebSocket): Promise<readonly [number, string]> => {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  return [code, reason.toString()]
}

const until = async (is: () => Promise<boolean>): Promise<void> => {
  while (!(await is())) await new Promise((resolve) => setTimeout(resolve, 10))
}

const statusOf = async (port: number, lines: string, localAddress = '127.0.0.1'): Promise<number> => {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  socket.on('error', () => {})
  socket.write(`GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n${lines}\r\n\r\n`)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(chunk.toString())?.[1])
}

const aHandshake = 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='

const startEcho = async (t: TestContext, deflates: boolean): Promise<Service> => {
  const server = createServer()
  const echoes = new WebSocketServer({ noServer: true, perMessageDeflate: deflates })
  const service: Service = { sockets: [], origin: await listen(server), status: 101, handshakes: 0, holdsUpMs: 0 }
  server.on('upgrade', (request, socket, head) => {
    service.handshakes += 1
    if (service.status === 101)
      echoes.handleUpgrade(request, socket, head, (one) => {
        service.sockets.push(one)
        one.on('message', (data, binary) => one.send(data, { binary }))
        if (service.holdsUpMs > 0) setImmediate(holdUp, service.holdsUpMs)
      })
    else if (service.status !== undefined)
      socket.end(`HTTP/1.1 ${service.status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
  })
  t.after(() => {
    for (const one of service.sockets) one.terminate()
    server.closeAllConnections()
    server.close()
  })
  return service
}

type Settings = {
  readonly targets: number
  /** How many more there are where nobody listens. */
  readonly dead?: number
  readonly service?: string
  /** In the place of `service: echo`. */
  readonly route?: string
  readonly websocket?: string
  readonly deflates?: boolean
}

/** A gateway before a service at several targets that echoes, each of which is a service of its own, too. */
const gateway = async (t: TestContext, settings: Settings) => {
  const { targets, dead = 0, service = '', route = 'service: echo', websocket, deflates = false } = settings
  const services = await Promise.all(Array.from({ length: targets }, () => startEcho(t, deflates)))
  const nowhere = await Promise.all(Array.from({ length: dead }, async () => `http://127.0.0.1:${await freePort()}`))
  const workspace = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
probes: 127.0.0.1:0
drain: 2s
services:
  echo:
    rest: [${[...nowhere, ...services.map(({ origin }) => origin)].join(', ')}]
    identity: none
    ${service}
${services.map(({ origin }, at) => `  s${at}: { rest: "${origin}", identity: none }`).join('\n')}
routes:
  - path: /echo
    ${route}
    websocket: ${websocket === undefined ? 'true' : `{ ${websocket} }`}
`,
  })
  const started = await startGateway(workspace.dir)
  const clients: WebSocket[] = []
  t.after(async () => {
    for (const one of clients) one.terminate()
    await started.close()
    await workspace.remove()
  })
  const { port } = started.gateway.listen
  return {
    services,
    port,
    close: started.close,
    /** A figure of the metrics; undefined where there is none. */
    counted: async (series: string): Promise<number | undefined> => {
      const text = await (await fetch(`http://127.0.0.1:${started.gateway.probes?.port}/metrics`)).text()
      const line = text.split('\n').find((one) => one.startsWith(`${series} `))
      return line === undefined ? undefined : Number(line.slice(series.length))
    },
    reload: () => started.gateway.reload(),
    open: async (options: ConstructorParameters<typeof WebSocket>[2] = {}): Promise<WebSocket> => {
      const client = new WebSocket(`ws://127.0.0.1:${port}/echo`, [], options)
      const opened = once(client, 'open')
      client.on('error', () => {})
      clients.push(client)
      await opened
      return client
    },
    /** The status of a handshake whose connection is left at once. */
    handshake: (from?: string): Promise<number> => statusOf(port, aHandshake, from),
  }
}
