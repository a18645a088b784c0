import Fastify from 'fastify'
import { z } from 'zod'
import type { Calls } from './calls.ts'
import type { Fault, Faults } from './faults.ts'

export interface Controlled<F extends Fault> {
  readonly faults: Faults<F>
  readonly calls: Calls
  readonly faultShape: z.ZodType<F>
}

export interface RunningControl {
  readonly url: string
  close(): Promise<void>
}

/** Serves a service's faults and calls over HTTP, on loopback only: whoever reaches it can break the service. */
export async function startControl<F extends Fault>(port: number, controlled: Controlled<F>): Promise<RunningControl> {
  const { faults, calls, faultShape } = controlled
  const app = Fastify({ forceCloseConnections: true })

  app.put('/faults', async (request, reply) => {
    const fault = faultShape.safeParse(request.body)
    if (!fault.success) {
      return reply.code(400).send({ error: z.prettifyError(fault.error), allowed: z.toJSONSchema(faultShape) })
    }
    faults.set(fault.data)
    return fault.data
  })
  app.delete('/faults', async (_request, reply) => {
    faults.clear()
    return reply.code(204).send()
  })
  app.get('/calls', async () => ({ calls: calls.list(), cancelled: calls.cancelled() }))
  app.delete('/calls', async (_request, reply) => {
    calls.clear()
    return reply.code(204).send()
  })

  return { url: await app.listen({ port, host: '127.0.0.1' }), close: () => app.close() }
}
