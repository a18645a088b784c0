import type { WebSocket } from 'ws'
import type { OpenSocket, SocketEnding } from './observers.ts'

/**
 * Counts a WebSocket that the gateway itself speaks until it is closed. What is returned says why the gateway ends it:
 * the first reason counts, and the client where there is none.
 */
export const countSocket = (
  socket: Pick<WebSocket, 'on' | 'once'>,
  counted: OpenSocket | undefined,
): ((why: SocketEnding) => void) => {
  let ending: SocketEnding | undefined
  const endsBy = (why: SocketEnding): void => {
    ending ??= why
  }
  socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') endsBy('message too large')
    else if (code?.startsWith('WS_ERR_') === true) endsBy('invalid frames')
  })
  socket.once('close', () => counted?.ended(ending ?? 'client'))
  return endsBy
}
