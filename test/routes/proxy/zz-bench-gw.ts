import fastify from 'fastify'
import httpProxy from '@fastify/http-proxy'
import { Agent } from 'undici'
import { startGateway } from './support/gateway.ts'
const [kind, up] = process.argv.slice(2)
const origin = `http://127.0.0.1:${up}`
let port
if (kind === 'ours') port = (await startGateway({ after() {} } as never, { origin })).port
else {
  const app = fastify()
  app.register(httpProxy, { upstream: origin, prefix: '/users', rewritePrefix: '/users', undici: new Agent() as never })
  await app.listen({ port: 0, host: '127.0.0.1' })
  port = (app.server.address() as { port: number }).port
}
let last = process.cpuUsage()
process.on('message', () => { const now = process.cpuUsage(last); last = process.cpuUsage(); process.send?.({ cpu: now.user + now.system }) })
process.send?.({ port })
