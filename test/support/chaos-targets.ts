import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { WebSocketServer } from 'ws'

/** What the services of a chaos test saw. */
export type Ledger = {
  /** How often the write of an id arrived. */
  readonly written: Map<string, number>
  /** Requests that were hung, reset or under way when their service died. */
  spoiled: number
}

export type ChaosTarget = {
  readonly port: number
  mode: 'sound' | 'hang' | 'reset'
  /** As a killed process: its connections are gone, and nobody listens. */
  readonly die: () => Promise<void>
  readonly comeBack: () => Promise<void>
  readonly close: () => Promise<void>
}

/** One service at each of these addresses of this machine, on one port: `/users/{id}`, and an echo by WebSocket. */
export const startChaosTargets = async (hosts: readonly string[], ledger: Ledger): Promise<readonly ChaosTarget[]> => {
  const all: ChaosTarget[] = []
  for (const host of hosts) all.push(await start({ host, port: all[0]?.port ?? 0 }, ledger))
  return all
}

const start = async (place: { readonly host: string; readonly port: number }, ledger: Ledger): Promise<ChaosTarget> => {
  let underWay = 0
  const answer: RequestListener = async (request, response) => {
    underWay += 1
    response.once('close', () => (underWay -= 1))
    const id = request.url?.split('/').at(-1) ?? ''
    if (request.method === 'POST') ledger.written.set(id, (ledger.written.get(id) ?? 0) + 1)
    if (target.mode !== 'sound') {
      ledger.spoiled += 1
      if (target.mode === 'reset') request.socket.resetAndDestroy()
      return
    }
    // A client that breaks off its body.
    await text(request).catch(() => undefined)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id }))
  }
  let echoes: WebSocketServer
  const open = async (port: number): Promise<Server> => {
    const server = createServer(answer)
    echoes = new WebSocketServer({ server })
    echoes.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })).on('error', () => undefined)
    })
    server.listen(port, place.host)
    await once(server, 'listening')
    return server
  }
  let server = await open(place.port)
  const { port } = server.address() as AddressInfo
  const target: ChaosTarget = {
    port,
    mode: 'sound',
    async die() {
      ledger.spoiled += underWay
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      for (const socket of echoes.clients) socket.terminate()
      await closed
    },
    async comeBack() {
      server = await open(port)
    },
    async close() {
      if (server.listening) await target.die()
    },
  }
  return target
}
