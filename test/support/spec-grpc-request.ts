import { Client, credentials, Metadata, type StatusObject, status } from '@grpc/grpc-js'
import type protobuf from 'protobufjs'
import type { Answer } from './spec-compare.ts'
import { loadProtos } from './spec-grpc.ts'
import type { Block } from './spec-page.ts'
import { filled } from './spec-request.ts'

/**
 * Makes a native call as it is written: the method stands beside `grpc request`, headers are metadata, each line of the
 * body is a message. The answer has the status 200, metadata, trailers, `grpc-status` by name and `grpc-message` as
 * headers, and its message as the body, of a stream a list of them.
 */
export const callNatively = async (url: string, dir: string, { words, text }: Block): Promise<Answer> => {
  const [, , name = ''] = words
  const { requestStream, responseStream, request, response } = methodOf(dir, name)
  const [head = '', body = ''] = (await filled(text)).split(/(?:^|\n)\n/)
  const metadata = new Metadata()
  for (const line of head.split('\n').filter((one) => one.includes(': ') && !one.startsWith('{')))
    metadata.add(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim())
  const messages = (head.startsWith('{') ? head : body).split('\n').filter((line) => line !== '')
  const client = new Client(new URL(url).host, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
  try {
    const call = client.makeBidiStreamRequest(
      `/${name}`,
      (value: object) => Buffer.from(request.encode(request.fromObject(value)).finish()),
      (bytes) => response.toObject(response.decode(bytes), { longs: String, enums: String, bytes: String }),
      metadata,
    )
    for (const message of requestStream ? messages : [messages[0] ?? '{}']) call.write(JSON.parse(message) as object)
    call.end()
    const told: object[] = []
    const headers: (readonly [string, string])[] = []
    const entries = (one: Metadata) => Object.entries(one.getMap()).map(([key, value]) => [key, String(value)] as const)
    const ended = await new Promise<StatusObject>((resolve) => {
      call.on('error', () => {}).on('data', (message: object) => told.push(message))
      call.on('metadata', (one: Metadata) => headers.push(...entries(one))).on('status', resolve)
    })
    headers.push(...entries(ended.metadata).filter(([key]) => !headers.some(([known]) => known === key)))
    headers.push(['grpc-status', status[ended.code] ?? String(ended.code)], ['grpc-message', ended.details])
    return { status: 200, headers, body: JSON.stringify(responseStream ? told : told[0]) ?? '' }
  } finally {
    client.close()
  }
}

const methodOf = (dir: string, name: string) => {
  const [service = '', method = ''] = name.split('/')
  const found = loadProtos(dir).lookupService(service).methods[method]
  if (found === undefined) throw new Error(`There is no method ${name}.`)
  const { requestStream = false, responseStream = false, resolvedRequestType, resolvedResponseType } = found
  return {
    requestStream,
    responseStream,
    request: resolvedRequestType as protobuf.Type,
    response: resolvedResponseType as protobuf.Type,
  }
}
