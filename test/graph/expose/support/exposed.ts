import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bindGraph } from '../../../../src/graph/bind/bind.ts'
import type { SourceFile } from '../../../../src/graph/bind/sdl.ts'
import type { Exposure } from '../../../../src/graph/expose/config.ts'
import { exposeAll } from '../../../../src/graph/expose/together.ts'
import type { Graph } from '../../../../src/graph/graph.ts'
import { hasErrors, placeAt } from '../../../../src/kernel/diagnostic.ts'
import { loadProtos } from '../../../../src/services/grpc/protos/text.ts'
import type { GrpcService, Service } from '../../../../src/services/service.ts'
import { told } from '../../../support/told.ts'

/** A service of one proto file; its package is t.v1 unless it says otherwise, and well-known types are at hand. */
export const protoService = (name: string, proto: string, syntax = 'proto3'): GrpcService => {
  const dir = mkdtempSync(join(tmpdir(), 'portico-expose-'))
  try {
    const ready = ['any', 'duration', 'empty', 'field_mask', 'struct', 'timestamp', 'wrappers']
    const head = proto.includes('package ') ? '' : 'package t.v1;\n'
    const imports = ready.map((file) => `import "google/protobuf/${file}.proto";\n`).join('')
    writeFileSync(join(dir, 't.proto'), `syntax = "${syntax}";\n${head}${imports}${proto}`)
    return loadedService(name, { file: 't.proto', dir })
  } finally {
    rmSync(dir, { recursive: true })
  }
}

export const loadedService = (name: string, { file, dir }: { file: string; dir: string }): GrpcService => {
  const loaded = loadProtos({ files: [file], includeDir: dir, displayDir: 'protos' })
  assert.ok('root' in loaded, 'diagnostics' in loaded ? told(loaded.diagnostics) : '')
  return { kind: 'grpc', name, root: loaded.root } as GrpcService
}

/** What exposures come to: their SDL, what `portico check` would say, and the graph where all is sound. */
export const exposedTogether = (
  services: readonly GrpcService[],
  exposures: readonly Exposure[],
  files: readonly SourceFile[] = [],
): { readonly sdl: string; readonly diagnostics: string; readonly graph: Graph | undefined } => {
  const known = new Map<string, Service>(services.map((service) => [service.name, service]))
  const { files: made, diagnostics } = exposeAll(exposures, {
    services: known,
    files,
    placeOf: (at) => ({ place: placeAt('portico.yaml', '', 0), coordinate: ['expose', ...at].join('.') }),
  })
  const sdl = made.map(({ text }) => text).join('\n')
  if (hasErrors(diagnostics)) return { sdl, diagnostics: told(diagnostics), graph: undefined }
  const bound = bindGraph([...files, ...made], known)
  return { sdl, diagnostics: told([...diagnostics, ...bound.diagnostics]), graph: bound.graph }
}

type Options = { readonly syntax?: string; readonly exposure?: Omit<Exposure, 'service' | 'at'> }

/** The whole of one proto, which must bind without a word. */
export const exposed = (proto: string, { syntax, exposure }: Options = {}) => {
  const result = exposedTogether([protoService('svc', proto, syntax)], [{ service: 'svc', at: [], ...exposure }])
  assert.equal(result.diagnostics, '')
  assert.ok(result.graph !== undefined)
  return { sdl: result.sdl, graph: result.graph }
}
