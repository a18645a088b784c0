import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js'
import { residentMiB } from './processes.ts'

/**
 * `node bench/slow-reader.ts [MiB] [options of node…]`: what a gateway holds while a server stream, 1,024 MiB in
 * messages of 64 KiB, goes to a reader that pauses. Twice: to a gateway that has served nothing, and once more to the
 * same. Options such as `--max-semi-space-size=4` are given to the gateway.
 */
const [first = '1024', ...execArgv] = process.argv.slice(2)
const mebibytes = Number(first)
const size = 65_536
const dir = mkdtempSync(join(tmpdir(), 'portico-bench-'))
mkdirSync(join(dir, 'protos'))
const service = new Server()
service.addService({ Pour: methodOf('/big.v1.Big/Pour') }, { Pour: pour })
const port = await new Promise<number>((resolve, reject) => {
  service.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
    error === null ? resolve(bound) : reject(error),
  )
})
writeFileSync(
  join(dir, 'protos/big.proto'),
  `syntax = "proto3";
package big.v1;
service Big { rpc Pour(PourRequest) returns (stream Drop); }
message PourRequest {}
message Drop { string data = 1; }
`,
)
writeFileSync(
  join(dir, 'portico.yaml'),
  `listen: 127.0.0.1:0
services:
  big: { grpc: 127.0.0.1:${port}, proto: big.proto, identity: none }
routes:
  - { path: /api/*, transcode: big }
`,
)
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const gateway = spawn(process.execPath, [...execArgv, main, 'start', dir], { stdio: ['ignore', 'pipe', 'inherit'] })
try {
  const address = await addressOf()
  const pid = gateway.pid as number
  process.stdout.write('| stream | idle MiB | at most MiB | above idle |\n|---|--:|--:|--:|\n')
  for (const name of ['first', 'second']) {
    const idle = residentMiB(pid, 'VmRSS') ?? Number.NaN
    const most = await readSlowly(address, pid)
    process.stdout.write(`| ${[name, idle.toFixed(0), most.toFixed(0), (most - idle).toFixed(0)].join(' | ')} |\n`)
  }
} finally {
  gateway.kill()
  service.forceShutdown()
  rmSync(dir, { recursive: true })
}

function methodOf(path: string) {
  const asIs = (bytes: Buffer): Buffer => bytes
  const ways = { requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs }
  return { path, requestStream: false, responseStream: true, ...ways }
}

function pour(call: ServerWritableStream<Buffer, Buffer>): void {
  // Field 1, of so many bytes.
  const head = Buffer.from([0x0a, (size & 0x7f) | 0x80, ((size >> 7) & 0x7f) | 0x80, size >> 14])
  const message = Buffer.concat([head, Buffer.alloc(size, 'x')])
  let left = (mebibytes * 1_048_576) / size
  const go = (): void => {
    while (left > 0) {
      left -= 1
      if (!call.write(message)) return void call.once('drain', go)
    }
    call.end()
  }
  go()
}

async function addressOf(): Promise<number> {
  for await (const line of createInterface({ input: gateway.stdout })) {
    const found = /127\.0\.0\.1:(\d+)/.exec(line)?.[1]
    if (found === undefined) continue
    gateway.stdout.resume()
    return Number(found)
  }
  throw new Error('The gateway ended before it was ready.')
}

/** The most it held, in MiB. */
async function readSlowly(to: number, pid: number): Promise<number> {
  const socket = connect(to, '127.0.0.1')
  socket.write(
    'POST /api/big.v1.Big/Pour HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
  )
  let most = 0
  let got = 0
  let chunks = 0
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    got += chunk.length
    chunks += 1
    if (chunks % 8 > 0) continue
    most = Math.max(most, residentMiB(pid, 'VmRSS') ?? Number.NaN)
    await after(1)
  }
  if (got < mebibytes * 1_048_576) throw new Error(`Only ${got} bytes came.`)
  return most
}
