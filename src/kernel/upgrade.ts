import type { FastifyReply, FastifyRequest } from 'fastify'

/** Node marks a request that came with its upgrade event; its header alone means nothing. */
export const isUpgrade = ({ raw }: FastifyRequest): boolean => (raw as { upgrade?: boolean | null }).upgrade === true

/**
 * Node leaves a socket that upgrades to whoever takes it: without a listener for its errors, a client that resets it
 * while a policy waits ends the process; and after a refusal nobody would close it. It stands in the first hook of an
 * app, and so before the answers to unknown paths too.
 */
export const guardUpgrade = (request: FastifyRequest, reply: FastifyReply): void => {
  if (!isUpgrade(request)) return
  const { socket } = request.raw
  socket.on('error', () => socket.destroy())
  reply.raw.once('finish', () => socket.destroySoon())
}
