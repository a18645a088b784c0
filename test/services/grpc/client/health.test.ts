import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { Server, ServerCredentials, type ServerWritableStream, status } from '@grpc/grpc-js'
import { systemClock } from '../../../../src/kernel/clock.ts'
import { connectGrpc } from '../../../../src/services/grpc/connector.ts'
import { createResources } from '../../../../src/services/resources.ts'
import { until } from '../../../support/until.ts'
import { answerText, probeMethod, probeService, questionBytes, requestContext } from '../fixtures/probe.ts'

describe('health of a service', () => {
  it('lets calls through while it serves, and fails them at once while it does not', async (test) => {
    const server = await healthServer(test, 'Watch')
    const { ask, connector } = connected(test, [server.address])
    await until(() => connector.serves() === true)
    assert.equal(connector.serves(), true)
    assert.equal(await ask(), server.address)
    server.say(notServing)
    await until(() => connector.serves() === false)
    const problem = { code: 'UNAVAILABLE', status: 503, message: 'Service probe is unavailable at the moment.' }
    await assert.rejects(ask(), problem)
    await until(() => connector.serves() === false)
    server.say(serving)
    await until(() => connector.serves() === true)
    assert.equal(await ask(), server.address)
  })

  it('asks for the whole server, or for the service it is told', async (test) => {
    const server = await healthServer(test, 'Watch')
    for (const service of ['', 'probe.v1.Probe']) {
      const { connector } = connected(test, [server.address], service)
      await until(() => connector.serves() === true)
    }
    assert.deepEqual(server.asked(), ['', 'probe.v1.Probe'])
  })

  it('counts a service that the server does not know as not serving', async (test) => {
    const server = await healthServer(test, 'Watch', serviceUnknown)
    const { connector } = connected(test, [server.address])
    await until(() => connector.serves() === false)
    assert.equal(connector.serves(), false)
  })

  it('sends calls to those that serve', async (test) => {
    const [ill, well] = [await healthServer(test, 'Watch', notServing), await healthServer(test, 'Watch')]
    const { ask, connector } = connected(test, [ill.address, well.address])
    await until(() => connector.serves() === true)
    await until(() => ill.asked().length > 0)
    const answers = new Set<string>()
    await until(async () => {
      answers.clear()
      for (let index = 0; index < 4; index += 1) answers.add(await ask())
      return answers.size === 1
    })
    assert.deepEqual([...answers], [well.address])
  })

  it('asks by Check where there is no Watch', async (test) => {
    const server = await healthServer(test, 'Check', notServing)
    const { ask, connector } = connected(test, [server.address])
    await until(() => connector.serves() === false)
    await assert.rejects(ask(), { code: 'UNAVAILABLE', status: 503 })
  })

  it('asks by Check again every five seconds', async (test) => {
    const server = await healthServer(test, 'Check')
    test.mock.timers.enable({ apis: ['setTimeout'] })
    const { connector } = connected(test, [server.address])
    for (const health of [serving, notServing, serving]) {
      server.say(health)
      await server.checked()
      while (connector.serves() !== (health === serving)) await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
      test.mock.timers.tick(5_000)
    }
  })

  it('takes a service without health checks as serving, and says so', async (test) => {
    const server = await healthServer(test, 'none')
    const { ask, connector, warnings } = connected(test, [server.address])
    await until(() => connector.serves() === true)
    assert.equal(await ask(), server.address)
    assert.deepEqual(warnings, ['Service probe has no health service (grpc.health.v1): it counts as serving.'])
  })

  it('watches again after the connection was lost', async (test) => {
    const server = await healthServer(test, 'Watch', notServing)
    const { connector } = connected(test, [server.address])
    await until(() => connector.serves() === false)
    server.breakOff(serving)
    await until(() => connector.serves() === true)
  })
})

const [serving, notServing, serviceUnknown] = [1, 2, 3]

/** A server with a health service by hand: field 1 of the answer is the status. */
const healthServer = async (test: TestContext, kind: 'Watch' | 'Check' | 'none', first = serving) => {
  let now = first
  const asked: string[] = []
  const checks = new EventEmitter()
  const watchers = new Set<ServerWritableStream<Buffer, Buffer>>()
  const server = new Server()
  const asIs = (bytes: Buffer): Buffer => bytes
  const method = (path: string, responseStream: boolean) => ({
    path,
    requestStream: false,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  })
  const unimplemented = (call: ServerWritableStream<Buffer, Buffer>): void => {
    call.emit('error', { code: status.UNIMPLEMENTED, details: 'no' })
  }
  let address = ''
  server.addService(
    { ask: method('/probe.v1.Probe/Ask', false) },
    {
      ask: (_call: unknown, reply: (error: null, bytes: Buffer) => void) => reply(null, questionBytes(address)),
    },
  )
  if (kind !== 'none')
    server.addService(
      { watch: method('/grpc.health.v1.Health/Watch', true), check: method('/grpc.health.v1.Health/Check', false) },
      {
        watch: (call: ServerWritableStream<Buffer, Buffer>) => {
          if (kind !== 'Watch') return unimplemented(call)
          asked.push(answerText(call.request))
          watchers.add(call)
          call.on('close', () => watchers.delete(call))
          return void call.write(Buffer.from([8, now]))
        },
        check: (_call: unknown, reply: (error: null, bytes: Buffer) => void) => {
          reply(null, Buffer.from([8, now]))
          checks.emit('check')
        },
      },
    )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  address = `127.0.0.1:${port}`
  test.after(() => server.forceShutdown())
  return {
    address,
    asked: () => asked,
    /** The next time that it is asked. */
    checked: () => once(checks, 'check'),
    say(health: number) {
      now = health
      for (const watcher of watchers) watcher.write(Buffer.from([8, health]))
    },
    breakOff(health: number) {
      now = health
      for (const watcher of watchers) watcher.emit('error', { code: status.UNAVAILABLE, details: 'restarting' })
    },
  }
}

const connected = (test: TestContext, targets: readonly string[], service = '') => {
  const resources = createResources()
  const warnings: string[] = []
  const tools = { clock: systemClock, warn: (message: string) => void warnings.push(message) }
  const connector = connectGrpc(probeService({ targets, health: { service, required: false } }), resources, tools)
  test.after(() => resources.closeAll())
  const call = connector.unary(probeMethod('Ask'))
  return {
    connector,
    warnings,
    ask: async (): Promise<string> => {
      const { output } = await call({ message: questionBytes(''), metadata: [] }, requestContext({}))
      return answerText(output.message)
    },
  }
}
