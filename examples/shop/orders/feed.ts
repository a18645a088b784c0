import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { WebSocketServer } from 'ws'
import type { RestFault } from '../support/faults.ts'
import { namesOf, type RestTools } from '../support/rest-service.ts'

const path = '/orders/feed'
const maxMessageBytes = 64 * 1024

export interface Feed {
  announce(orderId: string): void
}

/** Serves the WebSocket at /orders/feed: greets, echoes, and tells everybody of new orders. */
export function openFeed(app: FastifyInstance, { faults, calls }: RestTools): Feed {
  const server = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes })
  // Upgraded sockets are no longer the HTTP server's to close, hanging ones included.
  const sockets = new Set<Duplex>()

  app.server.on('upgrade', async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    const { method = 'GET', url = '/', headers } = request
    calls.add({ name: `${method} ${url}`, headers })
    const fault = faults.take(namesOf(method, url))
    if (fault?.mode === 'slow') await delay(fault.delayMs, undefined, { ref: false })
    else if (fault && fault.mode !== 'ok') return misbehave(fault, socket)
    if (url.split('?')[0] !== path) return refuse(socket, 404)

    server.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => client.terminate())
      client.on('message', (data: Buffer, isBinary: boolean) => {
        if (!isBinary) client.send(JSON.stringify({ type: 'echo', text: data.toString() }))
      })
      client.send(JSON.stringify({ type: 'hello' }))
    })
  })
  app.addHook('preClose', async () => {
    for (const socket of sockets) socket.destroy()
  })

  return {
    announce(orderId) {
      for (const client of server.clients) client.send(JSON.stringify({ type: 'order', id: orderId }))
    },
  }
}

function misbehave(fault: Exclude<RestFault, { mode: 'ok' | 'slow' }>, socket: Duplex): void {
  if (fault.mode === 'fail') refuse(socket, fault.status)
  if (fault.mode === 'garbage') socket.end('not http\r\n\r\n')
  if (fault.mode === 'half') socket.end('HTTP/1.1 101 Switching')
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
}
