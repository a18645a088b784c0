import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Plan } from '../compile/plan.ts'
import { Problem } from '../kernel/problem.ts'
import { type Trusts, trustsOf } from './client.ts'
import { writeProblemTo } from './problem-reply.ts'

/** How long a connection that is refused may take to read why. */
const farewellMs = 1_000

/**
 * Bounds the connections of one client address, as the current plan says; a proxy that is trusted has those of all its
 * clients. It stands before whoever reads what is sent. Where connections begin with a handshake of TLS, whoever is
 * refused is not told why: the handshake is what a flood would have us do.
 */
export const boundConnections = (
  server: Server,
  { plan, told }: { readonly plan: () => Plan; readonly told: boolean },
): void => {
  const open = new Map<string, number>()
  const accept = server.listeners('connection')
  const trustsBy = new WeakMap<Plan, Trusts>()
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const current = plan()
    const most = current.limits.connectionsPerAddress
    const address = socket.remoteAddress
    if (most !== undefined && address !== undefined) {
      const count = (open.get(address) ?? 0) + 1
      if (count > most && !trusted(current, trustsBy)(address)) return told ? refuse(socket) : void socket.destroy()
      open.set(address, count)
      socket.once('close', () => {
        const left = (open.get(address) ?? 1) - 1
        if (left === 0) open.delete(address)
        else open.set(address, left)
      })
    }
    for (const take of accept) take.call(server, socket)
  })
}

const trusted = (plan: Plan, known: WeakMap<Plan, Trusts>): Trusts => {
  let trusts = known.get(plan)
  if (trusts === undefined) known.set(plan, (trusts = trustsOf(plan.trustedProxies) ?? (() => false)))
  return trusts
}

const refuse = (socket: Socket): void => {
  socket.on('error', () => socket.destroy())
  socket.resume()
  writeProblemTo(socket, tooMany)
  setTimeout(() => socket.destroy(), farewellMs).unref()
}

const tooMany = new Problem('UNAVAILABLE', 'Too many connections are open from this address. Close some.', {
  refused: true,
  reason: 'OVERLOADED',
  headers: { 'retry-after': '1' },
})
