import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createProxyMiddleware } from 'http-proxy-middleware'

/** http-proxy-middleware on Node's `http`, without the Express it mostly stands in, and with connections that are kept. */
const proxy = createProxyMiddleware({ target: process.env['UPSTREAM'] ?? '', agent: new Agent({ keepAlive: true }) })
const server = createServer((request, response) => {
  void proxy(request, response, () => response.writeHead(500).end())
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit())
