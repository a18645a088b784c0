import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { systemClock } from '../src/kernel/clock.ts'
import { Aborter } from '../src/kernel/signal.ts'
import type { CallContext } from '../src/services/call.ts'
import { connectGrpc } from '../src/services/grpc/connector.ts'
import { messageCodec } from '../src/services/grpc/json/codec.ts'
import { findMethod, type GrpcMethod } from '../src/services/grpc/method.ts'
import { loadProtos } from '../src/services/grpc/protos/text.ts'
import { createResources } from '../src/services/resources.ts'
import type { GrpcService } from '../src/services/service.ts'
import { defaults } from '../src/services/targets/settings.ts'
import { measure } from './measure.ts'
import { start } from './processes.ts'
import { protoFile } from './products.ts'
import { markdown, median, summarise } from './report.ts'
import { transcoding } from './workloads.ts'

/**
 * `node bench/transcoding.ts [--seconds n] [--rounds n] [--parts]`: REST to gRPC through the gateway against a
 * handler by hand, and where the gateway's time goes. `--parts` shows the parts alone: the client (ours with all its
 * guards, and grpc-js bare) and the codec, in CPU microseconds of this process for each call.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    parts: { type: 'boolean', default: false },
  },
})

const parts = await measureParts()
process.stdout.write('| CPU µs/call | one product | 100 products |\n|---|--:|--:|\n')
for (const [name, [one, list]] of Object.entries(parts))
  process.stdout.write(`| ${name} | ${one.toFixed(1)} | ${list.toFixed(1)} |\n`)
process.stdout.write('\n')
if (!values.parts) {
  const course = { rounds: Number(values.rounds), seconds: Number(values.seconds), connections: 64 }
  for (const workload of transcoding)
    process.stdout.write(markdown(summarise(workload, await measure(workload, course))))
}

type Figures = readonly [one: number, list: number]

async function measureParts(): Promise<Readonly<Record<string, Figures>>> {
  const upstream = await start({ script: './upstream-grpc.ts', core: 1 })
  const address = `127.0.0.1:${upstream.port}`
  const loaded = loadProtos({ files: ['products.proto'], includeDir: dirname(protoFile), displayDir: 'protos' })
  if (!('root' in loaded)) throw new Error('The protos do not load.')
  const service: GrpcService = {
    kind: 'grpc',
    name: 'products',
    targets: { ...defaults, targets: [{ name: '127.0.0.1', port: upstream.port, weight: 1, priority: 0 }] },
    root: loaded.root,
    identity: 'none',
    timeoutMs: 2_000,
    concurrency: { max: 512, queue: 2_048 },
    maxAnswerBytes: 10_485_760,
    maxRequestBytes: 4_194_304,
    errorDetails: [],
    health: undefined,
    tls: undefined,
  }
  const resources = createResources()
  const connector = connectGrpc(service, resources, { clock: systemClock })
  const client = new Client(address, credentials.createInsecure())
  try {
    const methods = ['GetProduct', 'ListProducts'].map((name) => methodOf(service, name))
    const requests = [methods[0]?.codec.encode({ id: 'p-1' }), methods[1]?.codec.encode({ pageSize: 100 })]
    const figures = new Map<string, Figures>()
    const both = async (name: string, run: (method: GrpcMethod, request: Buffer) => Promise<unknown>) => {
      const measured: number[] = []
      for (const [index, method] of methods.entries()) {
        const request = requests[index] as Buffer
        measured.push(await microseconds(() => run(method, request), index === 0 ? 5_000 : 500))
      }
      figures.set(name, [measured[0] ?? 0, measured[1] ?? 0])
    }
    await both('client: ours, with its guards', (method, message) =>
      connector.unary(method)({ message, metadata: [] }, contextOf()),
    )
    await both('client: grpc-js', (method, message) => grpcJs(client, method.path, message))
    const answers = new Map<object, Uint8Array>()
    for (const [index, method] of methods.entries()) {
      const { output } = await connector.unary(method)(
        { message: requests[index] as Buffer, metadata: [] },
        contextOf(),
      )
      answers.set(method.responseType, output.message)
    }
    await both('codec: wire to JSON', async ({ responseType }) =>
      messageCodec(responseType).decodeText(answers.get(responseType) as Buffer),
    )
    return Object.fromEntries(figures)
  } finally {
    client.close()
    await resources.closeAll()
    await upstream.stop()
  }
}

function methodOf(service: GrpcService, name: string): GrpcMethod {
  const method = findMethod(service, `bench.v1.Products/${name}`)
  if ('candidates' in method) throw new Error(`There is no ${name}.`)
  return method
}

function contextOf(): CallContext {
  return {
    signal: new Aborter(),
    deadline: systemClock.now() + 2_000,
    caller: { identity: undefined, address: '127.0.0.1', requestId: 'bench' },
    forward: {},
  }
}

function grpcJs(client: Client, path: string, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + 2_000 }
    client.makeUnaryRequest(path, asIs, asIs, message, new Metadata(), options, (error, answer) =>
      error === null && answer !== undefined ? resolve(answer) : reject(error ?? new Error('no answer')),
    )
  })
}

function asIs(bytes: Buffer): Buffer {
  return bytes
}

/** CPU time of one run, 64 at a time; the median of three courses after one that warms up. */
async function microseconds(run: () => Promise<unknown>, count: number): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 4; round += 1) {
    const before = process.cpuUsage()
    let left = count
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1
        await run()
      }
    }
    await Promise.all(Array.from({ length: 64 }, worker))
    const { user, system } = process.cpuUsage(before)
    if (round > 0) times.push((user + system) / count)
  }
  return median(times)
}
