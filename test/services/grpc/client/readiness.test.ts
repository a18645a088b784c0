import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { layWorkspace, startGateway } from '../../../support/gateway.ts'

describe('/readyz', () => {
  it('waits for services whose health is asked for, and names those that do not serve', async (test) => {
    const server = new Server()
    let health = 2
    const watching = new Set<{ write(bytes: Buffer): void }>()
    const asIs = (bytes: Buffer): Buffer => bytes
    const watch = {
      path: '/grpc.health.v1.Health/Watch',
      requestStream: false,
      responseStream: true,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    }
    server.addService(
      { watch },
      {
        watch: (call: { write(bytes: Buffer): void }) => {
          watching.add(call)
          call.write(Buffer.from([8, health]))
        },
      },
    )
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      )
    })
    const { dir, remove } = await layWorkspace({
      'portico.yaml': [
        'listen: 127.0.0.1:0',
        'probes: 127.0.0.1:0',
        'services:',
        `  words: { grpc: "127.0.0.1:${port}", proto: words.proto, identity: none, health: true }`,
      ].join('\n'),
      'protos/words.proto':
        'syntax = "proto3"; package words.v1; message Word { string text = 1; } service Words { rpc Get(Word) returns (Word); }',
    })
    const { gateway, close } = await startGateway(dir)
    test.after(async () => {
      await close()
      server.forceShutdown()
      await remove()
    })
    const { host, port: probes } = gateway.probes ?? assert.fail('there are probes')
    const readyz = async (): Promise<string> => {
      const reply = await fetch(`http://${host}:${probes}/readyz`)
      return `${reply.status} ${await reply.text()}`
    }
    assert.equal(await eventually(readyz, '503 not serving: words\n'), true)
    health = 1
    for (const call of watching) call.write(Buffer.from([8, health]))
    assert.equal(await eventually(readyz, '200 ok\n'), true)
  })
})

const eventually = async (read: () => Promise<string>, wanted: string): Promise<boolean> => {
  const deadline = Date.now() + 3_000
  while ((await read()) !== wanted) {
    if (Date.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return true
}
