import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type handleBidiStreamingCall, status } from '@grpc/grpc-js'
import { httpRules } from '../../../../src/services/grpc/protos/annotations.ts'
import { loadDescriptorSet } from '../../../../src/services/grpc/protos/descriptor-set.ts'
import { reflectDescriptors } from '../../../../src/services/grpc/protos/reflection.ts'
import {
  encodeAnswer,
  filesOf,
  type ReflectionBehaviour,
  type ServedFile,
  startReflection,
} from './support/reflection-server.ts'
import { compileSet } from './support/sets.ts'

describe('reflectDescriptors', () => {
  let files: ReadonlyMap<string, ServedFile>
  before(async () => {
    files = filesOf(await compileSet({ 'a/a.proto': a, 'a/b.proto': b }))
  })

  it('keeps options, from v1 and from v1alpha alike', async () => {
    for (const versions of [['v1'], ['v1alpha'], ['v1', 'v1alpha']] as const) {
      const { found } = await reflect({ versions })
      assert.ok('descriptors' in found, JSON.stringify(found))
      const loaded = loadDescriptorSet(found.descriptors, { shown: 'reflection' })
      assert.ok('root' in loaded)
      const { methods } = loaded.root.lookupService('a.v1.S')
      assert.deepEqual(
        httpRules(methods['Get']!).map(({ verb, template }) => `${verb} ${template}`),
        ['GET /v1/{id}'],
      )
    }
  })

  it('asks for imports that the server does not send along', async () => {
    const { found, asked } = await reflect({ eager: false })
    assert.ok('descriptors' in found)
    assert.ok('root' in loadDescriptorSet(found.descriptors, { shown: 'reflection' }))
    assert.ok(asked.some(({ fileByFilename }) => fileByFilename === 'a/b.proto'))
  })

  it('does without the imports that Portico brings', async () => {
    const own = new Map([...files].filter(([name]) => name.startsWith('a/')))
    const { found } = await reflect({ files: own })
    assert.ok('descriptors' in found)
    assert.ok('root' in loadDescriptorSet(found.descriptors, { shown: 'reflection' }))
  })

  it('leaves out reflection and health', async () => {
    const services = ['grpc.health.v1.Health', 'a.v1.S', 'grpc.reflection.v1.ServerReflection']
    const { asked } = await reflect({ services })
    assert.deepEqual(
      asked.flatMap(({ fileContainingSymbol: symbol }) => symbol ?? []),
      ['a.v1.S'],
    )
  })

  it('gives the same bytes whatever the order of the answers', async () => {
    const [one, other] = await Promise.all([
      reflect({}),
      reflect({ files: new Map([...files].toReversed()), eager: false }),
    ])
    assert.deepEqual(one.found, other.found)
  })

  it('says that nobody is there', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { readonly port: number }
    server.close()
    assert.match(refusal(await reflectDescriptors({ host: '127.0.0.1', port })), /^127\.0\.0\.1:\d+ cannot be reached/)
  })

  it('says that the server has no reflection', async () => {
    const { found } = await reflect({ versions: [] })
    assert.match(
      refusal(found),
      /offers no reflection \(grpc\.reflection\.v1 or v1alpha\)\. Turn it on there\. Or give/,
    )
  })

  it('says that the server refuses', async () => {
    for (const code of [status.UNAUTHENTICATED, status.PERMISSION_DENIED])
      assert.match(refusal((await reflect({ instead: failing(code) })).found), /refuses reflection to the gateway/)
  })

  it('waits no longer than it may', async () => {
    const { target, close } = await startReflection({ ...behaviour(), instead: () => undefined })
    after(close)
    assert.match(refusal(await reflectDescriptors(target, { timeoutMs: 50 })), /did not answer reflection within 50 ms/)
  })

  it('says that the server has no services', async () => {
    const { found } = await reflect({ services: ['grpc.health.v1.Health'] })
    assert.match(refusal(found), /lists no services but those of reflection and health/)
  })

  it('says that the server does not know its own service', async () => {
    const { found } = await reflect({ services: ['a.v1.T\u001b[31m'] })
    assert.match(refusal(found), /lists a\.v1\.T\ufffd\[31m and does not define it/)
  })

  it('takes no more than 16 MiB, in one answer or in all', async () => {
    const large: handleBidiStreamingCall<object, Buffer> = (call) => {
      call.on('data', () => call.write(Buffer.alloc(17_000_000)))
    }
    assert.match(refusal((await reflect({ instead: large })).found), /more than 16MiB/)
    let count = 0
    const many: handleBidiStreamingCall<object, Buffer> = (call) => {
      call.on('data', () => {
        // Each imports the next: a server that never comes to an end.
        const name = `f${count}.proto`
        count += 1
        const file = Buffer.concat([
          Buffer.from([0x0a, name.length]),
          Buffer.from(name),
          Buffer.from([0x1a, `f${count}.proto`.length]),
          Buffer.from(`f${count}.proto`),
          Buffer.from([0xfa, 0x3f, 0x80, 0x80, 0xc0, 0x02]),
          Buffer.alloc(5_242_880),
        ])
        call.write(
          count === 1
            ? encodeAnswer({ services: { service: [{ name: 'S' }] } })
            : encodeAnswer({ files: { file: [file, service] } }),
        )
      })
    }
    assert.match(refusal((await reflect({ instead: many })).found), /answers with more than 16MiB/)
    assert.ok(count < 8)
  })

  it('says that the answers are no descriptors', async () => {
    const garbage = new Map([['a/a.proto', { bytes: Buffer.from('garbage'), name: 'a/a.proto', imports: [] }]])
    assert.match(refusal((await reflect({ files: garbage })).found), /bytes that are no descriptors/)
  })

  const behaviour = (): ReflectionBehaviour => ({ services: ['a.v1.S'], files, fileOf: () => 'a/a.proto' })

  /** What a server that is as usual but for `changes` gives, and what it was asked. */
  const reflect = async (changes: Partial<ReflectionBehaviour>) => {
    const server = await startReflection({ ...behaviour(), ...changes })
    try {
      return { found: await reflectDescriptors(server.target), asked: server.asked }
    } finally {
      server.close()
    }
  }
})

const a = `syntax = "proto3";
package a.v1;
import "google/api/annotations.proto";
import "a/b.proto";
message A { string id = 1; B b = 2; }
service S { rpc Get(A) returns (B) { option (google.api.http) = { get: "/v1/{id}" }; } }`
const b = 'syntax = "proto3";\npackage a.v1;\nmessage B {}'

/** A file that defines service S. */
const service = Buffer.from([0x0a, 7, ...Buffer.from('s.proto'), 0x32, 3, 0x0a, 1, 0x53])

const failing =
  (code: status): handleBidiStreamingCall<object, Buffer> =>
  (call) => {
    call.emit('error', { code, details: 'no' })
  }

const refusal = (found: Awaited<ReturnType<typeof reflectDescriptors>>): string => {
  assert.ok('refusal' in found)
  return found.refusal
}
