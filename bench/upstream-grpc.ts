import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { answerBytes } from './products.ts'

/**
 * The gRPC upstream of the transcoding workloads: frames made once for each request, and written with as little as
 * node:http2 allows, so that it costs little beside the contestant. It counts: the message `count` is answered with
 * the calls so far.
 */
const ready = new Map<string, Buffer>()
let calls = 0

const answer = (stream: ServerHttp2Stream, path: string, request: Buffer): void => {
  calls += 1
  const key = `${path} ${request.toString('latin1')}`
  let bytes = ready.get(key)
  if (bytes === undefined) ready.set(key, (bytes = framed(answerBytes(path, request.subarray(5)))))
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(bytes)
}

const framed = (message: Uint8Array): Buffer => {
  const bytes = Buffer.alloc(5 + message.length)
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, 5)
  return bytes
}

const server = createServer()
server.on('stream', (stream, headers) => {
  let request: Buffer = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    request = request.length === 0 ? chunk : Buffer.concat([request, chunk])
  })
  stream.on('error', () => undefined)
  stream.on('end', () => answer(stream, String(headers[':path']), request))
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', () => process.send?.({ count: calls }))
process.on('disconnect', () => process.exit())
