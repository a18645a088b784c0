import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { greet } from '../data.ts'

/** Node's `http` alone: reads a body, parses it, and sends the answer of W4G made beforehand. The floor under every framework. */
const answer = JSON.stringify({ data: { greet } })
const head = ['content-type', 'application/json; charset=utf-8', 'content-length', String(Buffer.byteLength(answer))]
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString())
    response.writeHead(200, head).end(answer)
  })
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit())
