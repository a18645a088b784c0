import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { compileWorkspace } from '../../../../src/compile/compile.ts'
import { told } from '../../../support/told.ts'
import { filesOf, startReflection } from './support/reflection-server.ts'
import { compileSet, directory, type Files } from './support/sets.ts'

const proto = 'syntax = "proto3";\npackage a.v1;\nmessage A {}\nservice S { rpc Get(A) returns (A); }\n'

describe('definitions of a service', () => {
  it('come from proto files', async () => {
    const { service } = await compile('proto: a.proto', { 'protos/a.proto': proto })
    assert.deepEqual(methodsOf(service), ['Get'])
  })

  it('come from further directories where protos/ has no such file, the first first', async () => {
    const settings = 'proto: a.proto\n    include: [one, two/more]'
    const importing = proto.replace('message A {}', 'import "b.proto";\nmessage A { B b = 1; }')
    const { service, files } = await compile(settings, {
      'two/more/a.proto': importing,
      'one/b.proto': 'syntax = "proto3";\npackage a.v1;\nmessage B { string one = 1; }',
      'two/more/b.proto': 'syntax = "proto3";\npackage a.v1;\nmessage B { string two = 1; }',
    })
    assert.deepEqual(Object.keys(service.root.lookupType('a.v1.B').fields), ['one'])
    assert.deepEqual(
      files.filter((file) => !file.endsWith('.yaml')),
      ['protos', 'one', 'two/more'],
    )
  })

  it('come from a descriptor set', async () => {
    const { service, files } = await compile('descriptors: protos/a.binpb', {
      'protos/a.binpb': await compileSet({ 'a.proto': proto }),
    })
    assert.deepEqual(methodsOf(service), ['Get'])
    assert.ok(files.includes('protos/a.binpb'))
  })

  it('come from the service itself', async () => {
    const files = filesOf(await compileSet({ 'a.proto': proto }))
    const { target, close } = await startReflection({ services: ['a.v1.S'], files, fileOf: () => 'a.proto' })
    after(close)
    const address = `127.0.0.1:${target.port}`
    for (const settings of ['reflection: true', `reflection: { target: "${address}", timeout: 2s }`]) {
      const { service } = await compile(settings, {}, settings.includes('target') ? '127.0.0.1:1' : address)
      assert.deepEqual(methodsOf(service), ['Get'])
    }
  })

  it('must come from somewhere', async () => {
    assert.deepEqual(await mistakes('identity: none', {}), [
      'portico.yaml:3:3  services.a\n    a:\n    ^ Service a needs its definitions: `proto` (files), `descriptors` (a descriptor set) or `reflection: true` (the service is asked).',
    ])
  })

  it('come from one place only', async () => {
    assert.deepEqual(await mistakes('proto: a.proto\n    descriptors: a.binpb', { 'protos/a.proto': proto }), [
      'portico.yaml:6:18  services.a.descriptors\n    descriptors: a.binpb\n                 ^ Definitions come from one place: take one of `proto` and `descriptors`.',
    ])
  })

  it('are looked up for proto files only', async () => {
    const [mistake = ''] = await mistakes('descriptors: a.binpb\n    include: lib', {})
    assert.match(mistake, /services\.a\.include\n.*\n.*\^ `include` is for `proto`: there is nothing to look up/)
  })

  it('name directories that there are', async () => {
    const [mistake = ''] = await mistakes('proto: a.proto\n    include: [lib, libs]', {
      'protos/a.proto': proto,
      'lib/x.proto': '',
    })
    assert.match(mistake, /^portico\.yaml:6:20 {2}services\.a\.include\n.*\n.*\^ There is no directory libs\.$/)
  })

  it('name a set that there is', async () => {
    const [mistake = ''] = await mistakes('descriptors: a.binpb', {})
    assert.match(
      mistake,
      /^portico\.yaml:5:18 {2}services\.a\.descriptors\n.*\n.*\^ There is no file a\.binpb in the workspace\.$/,
    )
  })

  it('name a set that is one', async () => {
    const [mistake = ''] = await mistakes('descriptors: a.binpb', { 'a.binpb': proto })
    assert.match(mistake, /^portico\.yaml:5:18 .*\n.*\n.*\^ a\.binpb is no descriptor set: /)
  })

  it('say what to do where the service does not answer', async () => {
    const [mistake = ''] = await mistakes('reflection: true', {})
    assert.match(
      mistake,
      /^portico\.yaml:5:17 {2}services\.a\.reflection\n.*\n.*\^ 127\.0\.0\.1:1 cannot be reached for reflection .*Or give its definitions as files, by `proto` or `descriptors`\.$/,
    )
  })
})

const compileAll = (settings: string, files: Files, address = '127.0.0.1:1') => {
  const yaml = `listen: 127.0.0.1:0\nservices:\n  a:\n    grpc: ${address}\n    ${settings}\n${settings.includes('identity') ? '' : '    identity: none\n'}`
  return compileWorkspace(directory({ 'portico.yaml': yaml, ...files }), {})
}

const compile = async (settings: string, files: Files, address?: string) => {
  const { services, diagnostics, files: made } = await compileAll(settings, files, address)
  const service = services.get('a')
  assert.ok(service?.kind === 'grpc', diagnostics.map((one) => told([one])).join('\n'))
  return { service, files: made }
}

const methodsOf = ({ root }: { readonly root: import('protobufjs').Root }): readonly string[] =>
  Object.keys(root.lookupService('a.v1.S').methods)

const mistakes = async (settings: string, files: Files): Promise<readonly string[]> =>
  (await compileAll(settings, files)).diagnostics.map((one) => told([one]))
