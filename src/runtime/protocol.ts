import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** How every connection begins whose client knows that HTTP/2 is spoken here (RFC 9113 §3.4). No HTTP/1 method is PRI. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n')

/** Connections that have not said which protocol they speak. */
export type Undecided = {
  /** Closes them. */
  close(): void
}

/**
 * Lets a server of HTTP/1.1 give connections that begin as HTTP/2 to another: one port serves both. What has not said
 * within the given time which of the two it is, is closed.
 */
export const splitProtocols = (
  server: Server,
  { http2, withinMs }: { readonly http2: (socket: Socket) => void; readonly withinMs: number },
): Undecided => {
  const undecided = new Set<Socket>()
  const http1 = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    let head: Buffer | undefined
    const leave = (): void => {
      undecided.delete(socket)
      clearTimeout(timer)
      socket.off('readable', onReadable).off('end', end).off('error', end).off('close', leave)
    }
    const end = (): void => {
      leave()
      socket.destroy()
    }
    const onReadable = (): void => {
      const chunk = socket.read() as Buffer | null
      if (chunk === null) return
      head = head === undefined ? chunk : Buffer.concat([head, chunk])
      const known = Math.min(head.length, preface.length)
      const alike = head.compare(preface, 0, known, 0, known) === 0
      if (alike && known < preface.length) return
      leave()
      socket.unshift(head)
      if (alike) http2(socket)
      else for (const take of http1) take.call(server, socket)
    }
    const timer = setTimeout(end, withinMs).unref()
    undecided.add(socket)
    socket.on('readable', onReadable).on('end', end).on('error', end).on('close', leave)
  })
  return {
    close() {
      for (const socket of undecided) socket.destroy()
    },
  }
}
