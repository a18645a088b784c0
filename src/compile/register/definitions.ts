import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { services } from '../../catalog.ts'
import { type Environment, interpolate } from '../../config/interpolate.ts'
import { hostPort } from '../../config/scalars.ts'
import { authorityOf } from '../../kernel/authority.ts'
import { type Diagnostic, startOf } from '../../kernel/diagnostic.ts'
import type { Service } from '../../services/service.ts'
import { workspaceFile } from '../compile.ts'
import { findProtos } from './proto-files.ts'
import type { NewFile, Registration } from './registration.ts'
import type { NamedDefinitions } from './settings.ts'

export type FoundDefinitions = {
  /** As `portico.yaml` shall name them; undefined where they stay those of before. */
  readonly named: NamedDefinitions | undefined
  /** What is to be copied into the workspace, by path below it. */
  readonly files: ReadonlyMap<string, NewFile>
  readonly diagnostics: readonly Diagnostic[]
}

type Surroundings = {
  /** Absolute path of the workspace. */
  readonly dir: string
  readonly env: Environment
  /** The service as it is registered now, where it is. */
  readonly before: Service | undefined
}

/** Finds the definitions that a registration names, or asks the service for them. Throws nothing that either can cause. */
export const definitionsOf = async (
  registration: Registration,
  surroundings: Surroundings,
): Promise<FoundDefinitions> => {
  const { name, definitions, include } = registration
  const { dir } = surroundings
  if (definitions === undefined) return { named: undefined, files: new Map(), diagnostics: [] }
  if (definitions.from === 'reflection') return reflected(registration, surroundings)
  if (definitions.from === 'descriptors') return descriptorSet(name, definitions.file, dir)
  const found = findProtos({ files: definitions.files, include, workspaceDir: dir, isBundled: services.isBundled })
  const copies = [...found.copies]
    .filter(([file, { text }]) => !hasAlready(join(dir, 'protos', file), text))
    .map(([file, { from, text }]) => [`protos/${file}`, { content: text, from }] as const)
  return { named: found, files: new Map(copies), diagnostics: found.diagnostics }
}

const descriptorSet = (name: string, file: string, dir: string): FoundDefinitions => {
  const path = resolve(file)
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    return refused(name, `There is no readable file ${file}.`)
  if (file.endsWith('.proto')) return refused(name, `${file} is a text, not a descriptor set: --proto ${file}.`)
  const inside = relative(dir, path).replaceAll('\\', '/')
  if (!inside.startsWith('..')) return { named: { descriptors: inside }, files: new Map(), diagnostics: [] }
  return snapshot(name, { dir, content: readFileSync(path), from: file })
}

const reflected = async (
  { name, target, tls }: Registration,
  { dir, env, before }: Surroundings,
): Promise<FoundDefinitions> => {
  const known = before?.kind === 'grpc' ? before : undefined
  const [first] = known?.targets.targets ?? []
  const address = target === undefined ? first && authorityOf(first.name, first.port) : interpolate(target, env).text
  if (address === undefined) return refused(name, 'To ask a service it needs an address: --target host:port.')
  const parsed = hostPort.safeParse(address)
  if (!parsed.success) return refused(name, 'Expected host:port, such as 127.0.0.1:50051.')
  const given = services.readTls(tls, { service: name, workspaceDir: dir, placeOf: () => startOf(workspaceFile) })
  if (given.diagnostics.length > 0) return { named: undefined, files: new Map(), diagnostics: given.diagnostics }
  const found = await services.reflect(parsed.data, { tls: given.tls ?? known?.tls })
  if ('refusal' in found) return refused(name, found.refusal)
  return snapshot(name, { dir, content: found.descriptors, from: `reflection of ${address}` })
}

type Snapshot = { readonly dir: string; readonly content: Uint8Array; readonly from: string }

const snapshot = (name: string, { dir, content, from }: Snapshot): FoundDefinitions => {
  const file = `protos/${name}.binpb`
  const files = hasAlready(join(dir, file), content) ? [] : [[file, { content, from }] as const]
  return { named: { descriptors: file }, files: new Map(files), diagnostics: [] }
}

const hasAlready = (path: string, content: string | Uint8Array): boolean =>
  existsSync(path) && readFileSync(path).equals(Buffer.from(content))

const refused = (name: string, message: string): FoundDefinitions => ({
  named: undefined,
  files: new Map(),
  diagnostics: [
    {
      severity: 'error',
      code: 'PORTICO-020',
      place: startOf(workspaceFile),
      coordinate: `services.${name}`,
      message,
    },
  ],
})
