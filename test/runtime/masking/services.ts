import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { rpcMessage } from '../../../src/services/grpc/client/rpc-messages.ts'

/** What nobody is to see, in no form. */
export const card = '4111111111111111'
export const mail = 'ada@id.test'
export const password = 'hunter2'
/** In groups of four digits. */
export const grouped = (by: string): string => (card.match(/.{4}/g) ?? []).join(by)
const linked = encodeURIComponent(mail)

/** Whether a text shows any of it: escapes of JSON and of addresses undone, and what stands between digits left out. */
export const leak = (text: string): string | undefined => {
  let plain = text.replaceAll(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
  for (let i = 0; i < 3; i += 1)
    plain = plain.replaceAll(/(?:%[0-9a-f]{2})+/gi, (escaped) => {
      try {
        return decodeURIComponent(escaped)
      } catch {
        return escaped
      }
    })
  const found = /4(?:[ +\-\u00a0\u2009\u202f]?1){15}|4\.1{15}e|ada@id\.test|hunter2/i.exec(plain)
  return found === null ? undefined : plain.slice(Math.max(0, found.index - 80), found.index + 40)
}

const person = {
  id: 'u-1',
  mail,
  card,
  note: `pay ${grouped(' ')} to <${mail}>`,
  link: `https://shop.test/?next=${encodeURIComponent(`/me?mail=${linked}`)}`,
  password,
  wrong: card,
  inside: [{ [grouped('-')]: [Number(card)], password: [password] }],
}

/** What a service says by its path; `documents` are what a test lays at `/document/<n>`. */
export const answer = (request: IncomingMessage, response: ServerResponse, documents: readonly string[]): void => {
  const { pathname } = new URL(request.url ?? '/', 'http://service')
  const json = (body: string, status_ = 200, headers = {}): void =>
    void response.writeHead(status_, { 'content-type': 'application/json', ...headers }).end(body)
  if (pathname.startsWith('/document/')) return json(documents[Number(pathname.slice(10))] ?? 'null')
  switch (pathname) {
    case '/person':
      return json(JSON.stringify(person))
    case '/orders':
      return json('{"items":[{"id":"o-1"}]}')
    case '/refused':
      return json(JSON.stringify({ why: `no ${grouped(' ')} of ${mail}`, password }), 422)
    case '/failed':
      return json(JSON.stringify(person), 500)
    case '/large':
      return json(`{"blank":"${' '.repeat(2_000_000)}","last":"${card} ${mail}"}`)
    case '/headers':
      return json('{"ok":true}', 200, {
        'x-card': card,
        'x-mail': `to ${mail}`,
        [`x-${card}`]: 'a',
        link: `<https://shop.test/?mail=${linked}>; rel="next"`,
        location: `/me?mail=${linked}`,
        'set-cookie': [`mail=${linked}; Path=/`, 'session=eyJh.eyJi.c'],
        'www-authenticate': 'Bearer authorization_uri="https://id.test/authorize"',
        etag: '"of-the-whole"',
        'last-modified': 'Wed, 01 Jan 2025 00:00:00 GMT',
        'accept-ranges': 'bytes',
      })
    case '/kept': {
      const { 'if-none-match': held, 'if-modified-since': since } = request.headers
      const headers = { etag: '"1"', 'last-modified': 'Wed, 01 Jan 2025 00:00:00 GMT' }
      return held !== undefined || since !== undefined
        ? json('', 304, headers)
        : json(JSON.stringify(person), 200, headers)
    }
    case '/part':
      return json(JSON.stringify(person).slice(0, 60), 206, { 'content-range': 'bytes 0-59/900' })
    default:
      return json('{}', 404)
  }
}

export const proto = `syntax = "proto3";
package notes.v1;
import "google/api/annotations.proto";
service Notes {
  rpc Get(Ask) returns (Note) { option (google.api.http) = { get: "/v1/notes/{id}" }; }
  rpc Refuse(Ask) returns (Note);
  rpc Watch(Ask) returns (stream Note) { option (google.api.http) = { get: "/v1/watch" }; }
}
message Ask { string id = 1; }
message Note { string id = 1; string text = 2; string password = 3; string card = 4; }
`

const note = { id: 'n-1', text: `${grouped(' ')} ${mail}`, password, card }

const said = (): Metadata => {
  const metadata = new Metadata()
  metadata.set('x-card', card)
  metadata.set('x-mail', mail)
  return metadata
}

/** A refusal whose details say all of it. */
const refusal = () => {
  const info = { reason: 'NO', domain: 'shop.test', metadata: { mail, card: grouped(' '), password } }
  const metadata = said()
  const details = [
    { typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value: rpcMessage('ErrorInfo').encode(info).finish() },
  ]
  const bytes = rpcMessage('Status')
    .encode({ code: 9, message: `no ${mail}`, details })
    .finish()
  metadata.set('grpc-status-details-bin', Buffer.from(bytes))
  return { code: status.FAILED_PRECONDITION, details: `no ${card} of ${mail}`, metadata }
}

export const startNotes = async () => {
  const root = protobuf.parse(proto.replace(/import.*\n/, '').replaceAll(/\{ option.*?\}; \}/g, ';')).root
  const [ask, told] = [root.lookupType('notes.v1.Ask'), root.lookupType('notes.v1.Note')]
  const method = (name: string, responseStream: boolean) => ({
    path: `/notes.v1.Notes/${name}`,
    requestStream: false,
    responseStream,
    requestSerialize: (value: object) => Buffer.from(ask.encode(value).finish()),
    requestDeserialize: (bytes: Buffer) => ask.decode(bytes),
    responseSerialize: (value: object) => Buffer.from(told.encode(value).finish()),
    responseDeserialize: (bytes: Buffer) => told.decode(bytes),
  })
  const server = new Server()
  server.addService(
    { Get: method('Get', false), Refuse: method('Refuse', false), Watch: method('Watch', true) },
    {
      Get(call: { sendMetadata(metadata: Metadata): void }, done: sendUnaryData<object>) {
        call.sendMetadata(said())
        done(null, note, said())
      },
      Refuse: (_call: unknown, done: sendUnaryData<object>) => done(refusal()),
      Watch(call: ServerWritableStream<object, object>) {
        call.sendMetadata(said())
        call.write(note, () => call.emit('error', refusal()))
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  return { port, close: () => server.forceShutdown() }
}
