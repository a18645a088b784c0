import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { services } from '../../catalog.ts'
import type { Environment } from '../../config/interpolate.ts'
import { planned } from '../../config/planned.ts'
import { readConfig } from '../../config/read.ts'
import { type Diagnostic, hasErrors, type Place, startOf } from '../../kernel/diagnostic.ts'
import type { Service } from '../../services/service.ts'
import { type Compiled, compileWorkspace, workspaceFile } from '../compile.ts'
import { workspaceConfig } from '../config.ts'
import { appearanceOf } from './appearance.ts'
import { compileCandidate } from './candidate.ts'
import { definitionsOf, type FoundDefinitions } from './definitions.ts'
import { examplesOf } from './examples.ts'
import type { NewFile, Registering, Registration, ServiceChange } from './registration.ts'
import { freshWorkspace, withService } from './settings.ts'

/**
 * Works out what registering a service would change: the files, what clients of it see, and what breaks for those there
 * are. The workspace is compiled as it would be; nothing in it is touched. Throws nothing that files can cause.
 */
export const planRegistration = async (asked: Registration, env: Environment): Promise<Registering> => {
  const dir = resolve(asked.dir)
  const path = join(dir, workspaceFile)
  const fresh = !existsSync(path)
  const before: Compiled = fresh
    ? { plan: undefined, services: new Map(), settings: undefined, diagnostics: [], files: [] }
    : await compileWorkspace(dir, env)
  const text = fresh ? freshWorkspace : readFileSync(path, 'utf8')
  // A new workspace would show nothing of its only service.
  const registration = fresh ? { ...asked, expose: asked.expose ?? 'web', route: asked.route ?? '/api/*' } : asked
  const nothing = (diagnostics: readonly Diagnostic[]): Registering => ({
    diagnostics,
    fresh: { workspace: fresh, service: true },
    files: new Map(),
    changes: [],
    appearance: undefined,
    examples: undefined,
    listen: undefined,
  })

  const found = await definitionsOf(registration, { dir, env, before: before.services.get(registration.name) })
  if (hasErrors(found.diagnostics)) return nothing(found.diagnostics)
  const edited = withService(text, registration, found.named)
  if ('diagnostic' in edited) return nothing([edited.diagnostic])
  const files = new Map<string, NewFile>([
    ...found.files,
    ...(fresh || edited.text !== text ? [[workspaceFile, { content: edited.text }] as const] : []),
  ])

  const made = [...before.files, ...Object.values(registration.tls ?? {}), ...(fresh ? ['protos'] : [])]
  const after = await compileCandidate({ dir, made, files, env })
  const diagnostics = after.diagnostics.map((one) => atSet(one, found.files))
  const service = after.plan?.services.get(registration.name)
  const { value: config } = readConfig({
    file: workspaceFile,
    text: edited.text,
    shape: workspaceConfig,
    env,
    workspaceDir: dir,
    planned,
  })
  if (after.plan === undefined || service?.kind !== 'grpc' || config === undefined) return nothing(diagnostics)
  const appearance = appearanceOf(service, after.plan, config)
  return {
    diagnostics,
    fresh: { workspace: fresh, service: !edited.known },
    files,
    changes: [
      ...(edited.known && !before.services.has(service.name) ? [incomparable(service.name)] : []),
      ...changesOf(before.services, after.plan.services, found.files),
    ],
    appearance,
    examples: examplesOf(service.name, after.plan, appearance),
    listen: after.plan.listen,
  }
}

/** A set that cannot be read is told where its author has it, not where `portico.yaml` would have named it. */
const atSet = (one: Diagnostic, files: FoundDefinitions['files']): Diagnostic => {
  const copy = [...files.keys()].find((file) => one.message.startsWith(file))
  const from = copy === undefined ? undefined : files.get(copy)?.from
  if (one.code !== 'PORTICO-804' || copy === undefined || from === undefined) return atSource(one, files)
  return { ...one, place: startOf(from), coordinate: '--descriptors', message: from + one.message.slice(copy.length) }
}

/** Mistakes in a file that was to be copied are told where its author has it. */
const atSource = <Told extends { readonly place: Place }>(told: Told, files: FoundDefinitions['files']): Told => {
  const { place } = told
  // A file inside of a descriptor set is told below the set.
  const [file = ''] = place.file.split(/(?<=\.binpb)\//)
  const from = files.get(file)?.from
  return from === undefined ? told : { ...told, place: { ...place, file: from + place.file.slice(file.length) } }
}

const incomparable = (service: string): ServiceChange => ({
  service,
  breaking: true,
  coordinate: service,
  message: 'What is registered now has mistakes, so nothing can be compared with it.',
})

/** Of every service, for files may be shared. New places are told where the author has the files. */
const changesOf = (
  before: ReadonlyMap<string, Service>,
  after: ReadonlyMap<string, Service>,
  files: FoundDefinitions['files'],
): readonly ServiceChange[] =>
  [...before].flatMap(([service, was]) => {
    const now = after.get(service)
    if (was.kind !== 'grpc' || now?.kind !== 'grpc') return []
    return services.compare(was.root, now.root).map((change) => ({
      ...change,
      service,
      ...(change.now === undefined ? {} : { now: atSource(change.now, files) }),
    }))
  })
