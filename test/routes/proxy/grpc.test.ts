import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { EmptySchema } from '@bufbuild/protobuf/wkt'
import { createGrpcTransport } from '@connectrpc/connect-node'
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type StatusObject,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { layWorkspace, startGateway } from '../../support/gateway.ts'
import { ownMs } from '../../support/own-time.ts'
import { still } from '../../support/until.ts'

describe('a route of a gRPC service', () => {
  it('carries all four kinds of calls, with metadata and trailers both ways', async (t) => {
    const { client, seen } = await gateway(t)
    const metadata = new Metadata()
    metadata.add('x-a', '1')
    metadata.add('x-raw-bin', Buffer.from([0, 255]))
    const one = await unary(client, 'Get', 'hi', metadata)
    assert.equal(String(one.message), 'hi')
    assert.deepEqual([one.headers.get('x-head'), one.trailers.get('x-tail')], [['h'], ['t']])
    assert.deepEqual(one.trailers.get('x-tail-bin'), [Buffer.from([1, 2, 3])])
    assert.deepEqual([seen[0]?.get('x-a'), seen[0]?.get('x-raw-bin')], [['1'], [Buffer.from([0, 255])]])

    const down = client.makeServerStreamRequest('/t.S/Down', same, same, Buffer.from('abc'))
    assert.deepEqual((await down.toArray()).map(String), ['a', 'b', 'c'])

    const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>()
    const up = client.makeClientStreamRequest('/t.S/Up', same, same, (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    )
    for (const part of ['a', 'b', 'c']) up.write(Buffer.from(part))
    up.end()
    assert.equal(String(await promise), 'abc')

    const both = client.makeBidiStreamRequest('/t.S/Both', same, same)
    for (const word of ['one', 'two']) {
      both.write(Buffer.from(word))
      assert.equal(String((await once(both, 'data'))[0]), word)
    }
    both.end()
    both.resume()
    const [ended] = (await once(both, 'status')) as [StatusObject]
    assert.equal(ended.code, status.OK)
  })

  it('passes on what the service says of a failure, word by word', async (t) => {
    const { client } = await gateway(t)
    const failure = await failureOf(unary(client, 'Fail', 'x'))
    assert.deepEqual([failure.code, failure.details], [status.NOT_FOUND, 'Kein Schlüssel: 100 %'])
    assert.deepEqual(failure.metadata.get('x-why'), ['gone'])
    const late = client.makeServerStreamRequest('/t.S/FailLate', same, same, Buffer.from('x'))
    late.resume()
    const [error] = (await once(late, 'error')) as [ServiceError]
    assert.deepEqual([error.code, error.details], [status.ABORTED, 'half way'])
  })

  it('keeps messages of megabytes whole', async (t) => {
    const { client } = await gateway(t)
    const large = Buffer.alloc(3_000_000, 'abcdefg')
    assert.ok((await unary(client, 'Get', large)).message?.equals(large))
  })

  it('says who calls, and removes what clients may not say', async (t) => {
    const { client, seen } = await gateway(t)
    const metadata = new Metadata()
    for (const name of ['x-user', 'x-forwarded-for', 'authorization', 'x-keep']) metadata.set(name, '6.6.6.6')
    await unary(client, 'Get', 'hi', metadata)
    const got = seen[0] as Metadata
    assert.deepEqual(
      ['x-user', 'x-forwarded-for', 'authorization', 'x-keep', 'via'].map((name) => got.get(name)[0]),
      [undefined, '127.0.0.1', undefined, '6.6.6.6', '2.0 portico'],
    )
  })

  it('hands the deadline on, never later than the budget for a unary call', async (t) => {
    const { client, seen } = await gateway(t)
    await unary(client, 'Get', 'hi', new Metadata(), { deadline: Date.now() + 60_000 })
    await unary(client, 'Get', 'hi')
    for (const metadata of seen) assert.ok(timeoutOf(metadata) <= 2_000 && timeoutOf(metadata) > 0)
    const down = client.makeServerStreamRequest('/t.S/Down', same, same, Buffer.from('x'), {
      deadline: Date.now() + 60_000,
    })
    await down.toArray()
    assert.ok(timeoutOf(seen[2]) > 30_000)
  })

  it('has for a unary call what all tries have, and not for a stream', async (t) => {
    const settings = { budget: '10m', timeout: '{ try: 10m, total: 500ms }' }
    const { client, seen } = await gateway(t, settings)
    await client.makeServerStreamRequest('/t.S/Down', same, same, Buffer.from('x')).toArray()
    await unary(client, 'Get', 'hi')
    assert.equal(timeoutOf(seen[0]), Number.POSITIVE_INFINITY)
    assert.ok(timeoutOf(seen[1]) <= 500, `${timeoutOf(seen[1])} ms`)
    const reset = Promise.withResolvers<number>()
    const address = await http2Server(t, (stream) => stream.on('close', () => reset.resolve(stream.rstCode)))
    const { client: hanging } = await gateway(t, { ...settings, address })
    assert.equal((await failureOf(unary(hanging, 'Get', 'x'))).code, status.DEADLINE_EXCEEDED)
    assert.equal(await reset.promise, constants.NGHTTP2_CANCEL)
  })

  it('ends a call whose time is over, for the service too', async (t) => {
    const { client, cancelled } = await gateway(t)
    const failure = await failureOf(unary(client, 'Hang', 'x'))
    assert.equal(failure.code, status.DEADLINE_EXCEEDED)
    // The service was told its time too: whoever is first says so.
    assert.match(failure.details, /^Service things did not answer in time\.$|^Deadline exceeded$/)
    await cancelled
  })

  it('cancels the service’s call when the client cancels its own', async (t) => {
    const { client, cancelled, begun } = await gateway(t)
    const call = client.makeServerStreamRequest('/t.S/Hang', same, same, Buffer.from('x')).on('error', () => {})
    await begun
    call.cancel()
    assert.ok((await ownMs(cancelled)) < 500)
  })

  it('answers refusals of its own as gRPC statuses', async (t) => {
    const { client, url } = await gateway(t)
    const refused = await failureOf(unary(client, 'Get', 'x', new Metadata(), {}, '/t.Locked/Get'))
    assert.deepEqual([refused.code, refused.details], [status.UNAUTHENTICATED, 'A bearer token is needed.'])
    assert.equal(
      (await failureOf(unary(client, 'Get', 'x', new Metadata(), {}, '/t.Nothing/Get'))).code,
      status.UNIMPLEMENTED,
    )
    await unary(client, 'Get', 'x', new Metadata(), {}, '/t.Limited/Get').catch(() => {})
    const limited = await failureOf(unary(client, 'Get', 'x', new Metadata(), {}, '/t.Limited/Get'))
    assert.equal(limited.code, status.RESOURCE_EXHAUSTED)
    assert.equal((await fetch(`${url}/t.S/Get`, { method: 'POST', body: 'x' })).status, 505)
  })

  it('says what became of a service that cannot be reached, resets or speaks something else, never where it is', async (t) => {
    const resetting = await http2Server(t, (stream) => stream.close(2))
    const halving = await http2Server(t, (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
      stream.write(Buffer.from([0, 0, 0, 0, 1, 97]), () => stream.close(2))
    })
    const foreign = await http2Server(t, (stream) => {
      stream.respond({ ':status': 404, 'content-type': 'text/html' })
      stream.end('<html>10.0.0.1</html>')
    })
    const silent = await http2Server(t, (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
      stream.end()
    })
    for (const [address, words] of [
      ['127.0.0.1:1', 'Service things could not be reached.'],
      [resetting, 'Service things broke off before its answer was complete.'],
      [halving, 'Service things broke off before its answer was complete.'],
      [foreign, 'Service things did not answer in gRPC.'],
      [silent, 'Service things broke off before its answer was complete.'],
    ] as const) {
      const { client } = await gateway(t, { address })
      const failure = await failureOf(unary(client, 'Get', 'x'))
      assert.deepEqual([failure.code, failure.details], [status.UNAVAILABLE, words])
    }
  })

  it('ends streams when its generation does, and says so', async (t) => {
    const { client, close, begun } = await gateway(t)
    const call = client.makeServerStreamRequest('/t.S/Wait', same, same, Buffer.from('x'))
    const failed = once(call, 'error')
    await begun
    void close()
    const [error] = (await failed) as [ServiceError]
    assert.deepEqual([error.code, error.details], [status.UNAVAILABLE, 'The gateway is going away. Ask again.'])
  })

  it('serves clients of connect-es as it serves those of grpc-js', async (t) => {
    const { url } = await gateway(t)
    const transport = createGrpcTransport({ baseUrl: url })
    const health = { typeName: 't.S' } as never
    const method = (name: string, methodKind: string) =>
      ({ name, methodKind, parent: health, input: EmptySchema, output: EmptySchema, idempotency: 0 }) as never
    const one = await transport.unary(method('Get', 'unary'), undefined, 5_000, { 'x-a': '1' }, {})
    assert.deepEqual([one.header.get('x-head'), one.trailer.get('x-tail')], ['h', 't'])
    for (const [name, kind, asked, told] of [
      ['Both', 'bidi_streaming', 2, 2],
      ['Up', 'client_streaming', 2, 1],
      ['Many', 'server_streaming', 1, 3],
    ] as const) {
      const words: string[] = []
      const many = await transport.stream(method(name, kind), undefined, 5_000, {}, empties(asked))
      for await (const message of many.message) words.push(message.$typeName)
      assert.deepEqual(words, Array(told).fill('google.protobuf.Empty'), name)
      assert.deepEqual(many.trailer.get('x-tail'), name === 'Up' ? 't' : null)
    }
    await assert.rejects(transport.unary(method('Fail', 'unary'), undefined, 5_000, {}, {}), /Kein Schlüssel: 100 %/)
  })

  it('reads no faster than its client does', async (t) => {
    const { client, written } = await gateway(t)
    const call = client.makeServerStreamRequest('/t.S/Flood', same, same, Buffer.from('x')).on('error', () => {})
    await once(call, 'data')
    call.pause()
    const ahead = await still(() => written.bytes)
    assert.ok(ahead < 8_000_000, `${ahead} bytes`)
    call.cancel()
  })
})

async function* empties(times: number) {
  for (let i = 0; i < times; i += 1) yield {}
}

type Writing = ServerWritableStream<Buffer, Buffer>

const same = (bytes: Buffer): Buffer => bytes

const timeoutOf = (metadata: Metadata | undefined): number => Number(metadata?.get('x-timeout')[0])

const unary = (
  client: Client,
  method: string,
  message: string | Buffer,
  metadata = new Metadata(),
  options: { deadline?: number } = {},
  path = `/t.S/${method}`,
): Promise<{ message: Buffer | undefined; headers: Metadata; trailers: Metadata }> =>
  new Promise((resolve, reject) => {
    let headers = new Metadata()
    let answer: Buffer | undefined
    let failure: ServiceError | null = null
    const call = client.makeUnaryRequest(path, same, same, Buffer.from(message), metadata, options, (error, value) => {
      failure = error
      answer = value
    })
    call.on('metadata', (received: Metadata) => {
      headers = received
    })
    call.on('status', (ended: StatusObject) => {
      setImmediate(() =>
        failure === null ? resolve({ message: answer, headers, trailers: ended.metadata }) : reject(failure),
      )
    })
  })

const failureOf = async (call: Promise<unknown>): Promise<ServiceError> => {
  try {
    await call
  } catch (error) {
    return error as ServiceError
  }
  return assert.fail('The call went well.')
}

/** A server that breaks the rules of gRPC; gives its address. */
const http2Server = async (t: TestContext, answer: (stream: ServerHttp2Stream) => void): Promise<string> => {
  const server = createServer()
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  server.on('stream', (stream) => answer(stream.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const proto = `syntax = "proto3";
package t;
message M {}
service S {
  rpc Get(M) returns (M);
  rpc Fail(M) returns (M);
  rpc Hang(M) returns (M);
  rpc Down(M) returns (stream M);
  rpc FailLate(M) returns (stream M);
  rpc Wait(M) returns (stream M);
  rpc Many(M) returns (stream M);
  rpc Flood(M) returns (stream M);
  rpc Up(stream M) returns (M);
  rpc Both(stream M) returns (stream M);
}
`

/** A gateway before a real gRPC server, and a real client before it. */
const gateway = async (
  t: TestContext,
  { address, budget = '2s', timeout = '5s' }: { address?: string; budget?: string; timeout?: string } = {},
) => {
  const seen: Metadata[] = []
  const written = { bytes: 0 }
  const begun = Promise.withResolvers<void>()
  const cancelled = Promise.withResolvers<void>()
  const server = new Server({ 'grpc.max_receive_message_length': -1 })
  const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
    path: `/t.S/${path}`,
    requestStream,
    responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  })
  const trailers = (): Metadata => {
    const metadata = new Metadata()
    metadata.set('x-tail', 't')
    metadata.set('x-tail-bin', Buffer.from([1, 2, 3]))
    return metadata
  }
  const wait = (call: Writing): void => {
    call.sendMetadata(new Metadata())
    begun.resolve()
    call.on('cancelled', () => cancelled.resolve())
  }
  const see = (call: { readonly metadata: Metadata; getDeadline(): Date | number }): void => {
    call.metadata.set('x-timeout', String(Number(call.getDeadline()) - Date.now()))
    seen.push(call.metadata)
  }
  server.addService(
    {
      Get: method('Get', false, false),
      Fail: method('Fail', false, false),
      Hang: method('Hang', false, true),
      Wait: method('Wait', false, true),
      Many: method('Many', false, true),
      Down: method('Down', false, true),
      FailLate: method('FailLate', false, true),
      Flood: method('Flood', false, true),
      Up: method('Up', true, false),
      Both: method('Both', true, true),
    },
    {
      Get(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
        see(call)
        const head = new Metadata()
        head.set('x-head', 'h')
        call.sendMetadata(head)
        done(null, call.request, trailers())
      },
      Fail(_call: unknown, done: sendUnaryData<Buffer>) {
        const metadata = new Metadata()
        metadata.set('x-why', 'gone')
        done({ code: status.NOT_FOUND, details: 'Kein Schlüssel: 100 %', metadata })
      },
      Hang: wait,
      Wait: wait,
      Down(call: Writing) {
        see(call)
        for (const letter of String(call.request)) call.write(Buffer.from(letter))
        call.end()
      },
      Many(call: Writing) {
        for (let i = 0; i < 3; i += 1) call.write(Buffer.alloc(0))
        call.end()
      },
      FailLate(call: Writing) {
        call.write(Buffer.from('x'))
        call.emit('error', { code: status.ABORTED, details: 'half way' })
      },
      async Flood(call: Writing) {
        const chunk = Buffer.alloc(100_000)
        while (!call.cancelled) {
          written.bytes += chunk.length
          if (!call.write(chunk)) await once(call, 'drain').catch(() => {})
        }
      },
      Up(call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
        const parts: Buffer[] = []
        call.on('data', (part: Buffer) => parts.push(part))
        call.on('end', () => done(null, Buffer.concat(parts), trailers()))
      },
      Both(call: ServerDuplexStream<Buffer, Buffer>) {
        call.on('data', (part: Buffer) => call.write(part))
        call.on('end', () => call.end())
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
drain: 1s
budget: ${budget}
services: { things: { grpc: "${address ?? `127.0.0.1:${port}`}", proto: t.proto, identity: none, timeout: ${timeout} } }
auth: { all: { jwt: { issuer: "https://id.test", audience: portico, secret: "0123456789abcdef0123456789abcdef" } } }
routes:
  - { path: /t.S/*, service: things }
  - { path: /t.Locked/*, service: things, auth: all }
  - { path: /t.Limited/*, service: things, rateLimit: { limit: 1, window: 1m, by: ip } }
`,
    'protos/t.proto': proto,
  })
  const { url, close } = await startGateway(dir)
  const client = new Client(new URL(url).host, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
  })
  t.after(async () => {
    client.close()
    await close()
    server.forceShutdown()
    await remove()
  })
  return { client, url, close, seen, written, begun: begun.promise, cancelled: cancelled.promise }
}
