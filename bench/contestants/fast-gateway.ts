import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import gateway from 'fast-gateway'

/** fast-gateway as its documentation has it. */
const target = process.env['UPSTREAM'] ?? ''
const server: Server = await gateway({ routes: [{ prefix: '/items', prefixRewrite: '/items', target }] }).start(
  0,
  '127.0.0.1',
)
process.on('disconnect', () => process.exit())
process.send?.({ port: (server.address() as AddressInfo).port })
