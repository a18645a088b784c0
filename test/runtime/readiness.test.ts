import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { systemClock } from '../../src/kernel/clock.ts'
import { createGateway } from '../../src/runtime/gateway.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { layWorkspace } from '../support/gateway.ts'
import { until } from '../support/until.ts'

describe('/readyz', () => {
  it('waits at the start for services whose health is watched, and later only names one that fails', async (t) => {
    const words = await healthServer(t)
    const { readyz, serving } = await gateway(t, [grpc('words', words.address, 'true')])
    await until(async () => (await readyz()) === '503 not serving: words\n')
    assert.equal(await serving(), 'portico_service_serving{service="words"} 0')
    words.say(true)
    await until(async () => (await readyz()) === '200 ok\n')
    assert.equal(await serving(), 'portico_service_serving{service="words"} 1')
    words.say(false)
    await until(async () => (await readyz()) === '200 ok, not serving: words\n')
    assert.equal(await serving(), 'portico_service_serving{service="words"} 0')
    words.say(true)
    await until(async () => (await readyz()) === '200 ok\n')
  })

  it('names a service whose process is gone, and one that comes back is found', async (t) => {
    const words = await healthServer(t)
    words.say(true)
    const { readyz } = await gateway(t, [grpc('words', words.address, 'true')])
    await until(async () => (await readyz()) === '200 ok\n')
    words.stop()
    await until(async () => (await readyz()) === '200 ok, not serving: words\n')
    await words.start()
    await until(async () => (await readyz()) === '200 ok\n')
  })

  it('waits no longer than ten seconds, whatever a service speaks', async (t) => {
    const gone = await closedPort()
    const { readyz, wait } = await gateway(t, [
      grpc('words', `127.0.0.1:${gone}`, 'true'),
      `  plain: { rest: "http://127.0.0.1:${gone}", health: /healthz, identity: none }`,
    ])
    assert.equal(await readyz(), '503 not serving: words, plain\n')
    wait(9_000)
    assert.equal(await readyz(), '503 not serving: words, plain\n')
    wait(1_000)
    assert.equal(await readyz(), '200 ok, not serving: words, plain\n')
  })

  it('fails while a required service does not serve', async (t) => {
    const words = await healthServer(t)
    words.say(true)
    const { readyz, wait } = await gateway(t, [grpc('words', words.address, '{ required: true }')])
    await until(async () => (await readyz()) === '200 ok\n')
    words.say(false)
    await until(async () => (await readyz()) === '503 not serving: words\n')
    wait(60_000)
    assert.equal(await readyz(), '503 not serving: words\n')
    words.say(true)
    await until(async () => (await readyz()) === '200 ok\n')
  })

  it('waits for nobody whose health is not watched', async (t) => {
    const { readyz, serving } = await gateway(t, [grpc('words', `127.0.0.1:${await closedPort()}`)])
    assert.equal(await readyz(), '200 ok\n')
    assert.equal(await serving(), undefined)
  })
})

const grpc = (name: string, address: string, health?: string): string =>
  `  ${name}: { grpc: "${address}", proto: words.proto, identity: none${health === undefined ? '' : `, health: ${health}`} }`

const gateway = async (t: TestContext, services: readonly string[]) => {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': ['listen: 127.0.0.1:0', 'probes: 127.0.0.1:0', 'services:', ...services].join('\n'),
    'protos/words.proto':
      'syntax = "proto3"; package words.v1; message Word { string text = 1; } service Words { rpc Get(Word) returns (Word); }',
  })
  let now = 0
  const clock = { ...systemClock, now: () => now }
  const made = await createGateway({ dir, env: {}, log: createLog({ level: 'silent' }), clock })
  t.after(async () => {
    await made.close()
    await remove()
  })
  const probes = `http://127.0.0.1:${made.probes?.port}`
  return {
    readyz: async (): Promise<string> => {
      const reply = await fetch(`${probes}/readyz`)
      return `${reply.status} ${await reply.text()}`
    },
    serving: async (): Promise<string | undefined> =>
      /^portico_service_serving\{.*$/m.exec(await (await fetch(`${probes}/metrics`)).text())?.[0],
    wait: (milliseconds: number): void => void (now += milliseconds),
  }
}

/** A server with `Watch` of grpc.health.v1 by hand: field 1 of the answer is 1 while it serves. It begins as not serving. */
const healthServer = async (t: TestContext) => {
  let health = 2
  let port = 0
  let server = new Server()
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
  const start = async (): Promise<void> => {
    server = new Server()
    server.addService(
      { watch },
      {
        watch: (call: { write(bytes: Buffer): void }) => {
          watching.add(call)
          call.write(Buffer.from([8, health]))
        },
      },
    )
    port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      )
    })
  }
  await start()
  t.after(() => server.forceShutdown())
  return {
    address: `127.0.0.1:${port}`,
    start,
    stop(): void {
      watching.clear()
      server.forceShutdown()
    },
    say(serving: boolean): void {
      health = serving ? 1 : 2
      for (const call of watching) call.write(Buffer.from([8, health]))
    },
  }
}

const closedPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
